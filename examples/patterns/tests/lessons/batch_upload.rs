use std::time::Duration;

use perfkit_patterns::batch_upload::{Service, UPLOADS};
use perfkit_patterns::compression::gzip;
use perfkit_patterns::encoding::readings;

/// One that is so near that nothing takes time.
fn service() -> Service {
    Service::new(Duration::ZERO, f64::INFINITY)
}

#[test]
fn every_way_uploads_the_same_in_fewer_requests_and_bytes() {
    let sent = readings(250);
    let counted = UPLOADS.map(|(name, upload)| {
        let service = service();
        upload(&sent, &service).unwrap();
        assert_eq!(service.readings.take(), sent, "{name}");
        (service.requests.get(), service.bytes.get())
    });
    let [(each, of_each), (some, of_batches), (packed, of_packed)] = counted;
    assert_eq!((each, some, packed), (250, 3, 3));
    assert!(of_batches * 3 < of_each, "{of_batches} of {of_each}");
    assert!(of_packed * 2 < of_batches, "{of_packed} of {of_batches}");
}

#[test]
fn a_single_reading_is_a_request_in_every_way_and_hardly_smaller_packed() {
    let sent = readings(1);
    let [each, batch, packed] = UPLOADS.map(|(_, upload)| {
        let service = service();
        upload(&sent, &service).unwrap();
        (service.requests.get(), service.bytes.get())
    });
    assert_eq!(each, batch);
    assert_eq!(packed.0, 1);
    assert!(packed.1 * 10 > each.1 * 9, "{packed:?} of {each:?}");
}

#[test]
fn what_unpacks_to_more_than_may_be_is_refused() {
    let bomb = gzip(&vec![b' '; 2 << 20], 9).unwrap();
    let error = service().post(&bomb, true).unwrap_err().to_string();
    assert!(error.contains("1048576 bytes at most"), "{error}");
    assert!(service().post(b"no JSON", false).is_err());
}
