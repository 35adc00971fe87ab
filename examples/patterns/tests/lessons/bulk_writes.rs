use perfkit_patterns::Database;
use perfkit_patterns::bulk_writes::{INSERTS, Price, UPDATES, prices, shop};

fn all(shop: &Database) -> Vec<Price> {
    let mut query = shop
        .connection
        .prepare("SELECT id, price FROM products ORDER BY id")
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn all_inserts_write_the_same_rows_with_fewer_statements() {
    for ((name, insert), statements) in INSERTS.iter().zip([50, 52, 1]) {
        let mut shop = shop(true).unwrap();
        let prices = prices(50, 3);
        let (_, traffic) = shop.traffic(|shop| insert(shop, &prices)).unwrap();
        assert_eq!(traffic.statements, statements, "{name}");
        assert_eq!(all(&shop), prices, "{name}");
    }
}

#[test]
fn all_updates_change_what_is_named_and_nothing_else() {
    for ((name, update), statements) in UPDATES.iter().zip([22, 1, 1]) {
        let mut shop = shop(false).unwrap();
        let (before, changed) = (prices(50, 0), prices(20, 9));
        INSERTS[1].1(&shop.connection, &before).unwrap();
        let (_, traffic) = shop.traffic(|shop| update(shop, &changed)).unwrap();
        assert_eq!(traffic.statements, statements, "{name}");
        let after = [&changed[..], &before[20..]].concat();
        assert_eq!(all(&shop), after, "{name}");
    }
}

#[test]
fn a_transaction_waits_for_the_disk_or_not() {
    for (waits, synchronous) in [(true, 2), (false, 1)] {
        let shop = shop(waits).unwrap();
        let setting = |name| shop.connection.query_one(name, [], |row| row.get(0));
        assert_eq!(setting("PRAGMA synchronous"), Ok(synchronous));
    }
}
