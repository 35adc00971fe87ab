use perfkit_patterns::compression::{FORMATS, gzip, send};
use perfkit_patterns::encoding::readings;

#[test]
fn every_format_brings_back_the_same_and_packs_text() {
    let body = serde_json::to_vec(&readings(200)).unwrap();
    for (name, pack, unpack) in FORMATS {
        let packed = pack(&body).unwrap();
        assert_eq!(unpack(&packed).unwrap(), body, "{name}");
        assert!(name == "as it is" || packed.len() < body.len(), "{name}");
        assert_eq!(send(&body, (name, pack, unpack), 1e12).unwrap(), body.len());
    }
}

#[test]
fn a_damaged_body_is_an_error() {
    let body = serde_json::to_vec(&readings(200)).unwrap();
    for (name, pack, unpack) in &FORMATS[1..] {
        let mut packed = pack(&body).unwrap();
        packed.truncate(packed.len() / 2);
        assert!(unpack(&packed).is_err(), "{name}");
    }
}

#[test]
fn the_highest_level_saves_little_more() {
    let body = serde_json::to_vec(&readings(1000)).unwrap();
    let [six, nine] = [6, 9].map(|level| gzip(&body, level).unwrap().len());
    assert!(nine <= six && nine > six * 9 / 10, "{six} {nine}");
}
