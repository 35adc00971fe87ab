use perfkit_patterns::memory_of;
use perfkit_patterns::streaming::{file, load_all, stream};

#[test]
fn both_ways_to_read_come_to_the_same_sum() {
    for lines in [0, 1, 1000] {
        let sum = lines * (lines + 1) / 2;
        let file = file(lines).unwrap();
        assert_eq!(load_all(file.path()).unwrap(), sum);
        assert_eq!(stream(file.path()).unwrap(), sum);
    }
}

#[test]
fn the_peak_of_a_stream_does_not_grow_with_its_length() {
    let [short, long] = [1000, 50_000].map(|lines| file(lines).unwrap());
    let peak = |path| memory_of(|| stream(path).unwrap()).1.peak_bytes;
    assert_eq!(peak(short.path()), peak(long.path()));
    let loaded = memory_of(|| load_all(long.path()).unwrap()).1.peak_bytes;
    assert!(loaded >= 50_000 * 61, "{loaded}");
}
