use std::time::Duration;

use perfkit_patterns::n_plus_one::{Distance, blog};

const HERE: Distance = Distance(Duration::ZERO);

#[test]
fn all_forms_find_the_latest_three_posts_of_each_author() {
    let blog = blog(10).unwrap();
    let found = HERE.one_by_one(&blog.connection).unwrap();
    assert_eq!(found.len(), 10);
    assert_eq!(
        found["author 7"],
        ["post 20 of 7", "post 19 of 7", "post 18 of 7"]
    );
    for form in [Distance::any, Distance::join, Distance::window] {
        assert_eq!(form(HERE, &blog.connection).unwrap(), found);
    }
}

#[test]
fn queries_and_rows_are_what_each_form_needs() {
    let mut blog = blog(10).unwrap();
    for (form, statements, rows) in [
        (Distance::one_by_one as fn(_, &_) -> _, 11, 10 + 30),
        (Distance::any, 2, 10 + 200),
        (Distance::join, 1, 200),
        (Distance::window, 1, 30),
    ] {
        let (_, traffic) = blog.traffic(|blog| form(HERE, blog)).unwrap();
        assert_eq!((traffic.statements, traffic.rows), (statements, rows));
    }
}
