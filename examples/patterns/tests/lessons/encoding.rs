use perfkit_patterns::encoding::{encodings, readings};

#[test]
fn binary_encodings_are_smaller_and_lose_nothing() {
    let [json, pack, card] = encodings(&readings(100)).unwrap().map(|bytes| bytes.len());
    assert!(card <= pack && 2 * pack < json, "{json} {pack} {card}");
}
