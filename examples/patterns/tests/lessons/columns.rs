use perfkit_patterns::columns::{FORMS, articles, count_here, count_there};

#[test]
fn all_forms_find_the_same_with_fewer_bytes() {
    let articles = articles(50, 1000).unwrap();
    let found = FORMS.map(|(_, read)| read(&articles.connection).unwrap());
    let titles = [
        "article 10",
        "article 20",
        "article 30",
        "article 40",
        "article 50",
    ];
    for (found, _) in &found {
        assert_eq!(*found, titles);
    }
    let titles = |numbers: std::ops::RangeInclusive<u32>| {
        numbers
            .map(|n| format!("article {n}").len() as u64)
            .sum::<u64>()
    };
    let [all, rows, columns] = found.map(|(_, bytes)| bytes);
    assert_eq!(all, 50 * (1000 + 8 + 8) + titles(1..=50));
    assert_eq!((rows, columns), (5 * (1000 + 16 + 10), 5 * (10 + 8)));
}

#[test]
fn both_counts_agree() {
    let articles = articles(95, 1).unwrap();
    assert_eq!(count_here(&articles.connection).unwrap(), 9);
    assert_eq!(count_there(&articles.connection).unwrap(), 9);
}
