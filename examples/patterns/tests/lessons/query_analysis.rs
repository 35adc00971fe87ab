use perfkit_patterns::query_analysis::{Plan, QUERIES, people, rules_of_text, unused_indexes};

#[test]
fn a_plan_tells_what_is_scanned_which_index_is_used_and_how_many_rows_come() {
    let people = people(10_000).unwrap();
    let [wrong, right] = QUERIES.map(|query| Plan::of(&people.connection, query).unwrap());
    assert_eq!(wrong.scanned, ["people"]);
    assert!(wrong.indexes.is_empty(), "{wrong:?}");
    assert!(wrong.suggestions()[0].starts_with("all of `people` is read"));
    assert!(right.scanned.is_empty(), "{right:?}");
    assert!(right.indexes.contains("people_by_city"));
    // 51 places, one of which has half of all people.
    assert_eq!((right.estimated_rows, right.actual_rows), (Some(197), 100));
    assert!(right.suggestions().is_empty(), "{right:?}");
}

#[test]
fn actual_rows_show_where_an_estimate_is_far_off() {
    let people = people(10_000).unwrap();
    let plan = Plan::of(
        &people.connection,
        "SELECT name FROM people INDEXED BY people_by_city WHERE city = 'city' ORDER BY name",
    );
    let plan = plan.unwrap();
    assert_eq!((plan.estimated_rows, plan.actual_rows), (Some(197), 5_000));
    assert!(plan.sorts);
    let suggestions = plan.suggestions().join("\n");
    assert!(suggestions.contains("sorted") && suggestions.contains("ANALYZE"));
}

#[test]
fn an_index_that_no_plan_uses_is_found() {
    let people = people(1_000).unwrap();
    let unused = |queries| unused_indexes(&people.connection, queries).unwrap();
    assert_eq!(unused(&QUERIES), ["people_by_birth"]);
    let birth = "SELECT name FROM people WHERE born = 1950";
    assert!(unused(&[QUERIES[1], birth]).is_empty());
}

#[test]
fn three_rules_of_the_text_hold() {
    let broken =
        rules_of_text("SELECT  * FROM people WHERE name LIKE '%7'\nORDER BY   random() LIMIT 1");
    assert_eq!(broken.len(), 3, "{broken:?}");
    assert!(rules_of_text("SELECT name FROM people WHERE name LIKE 'a%'").is_empty());
}
