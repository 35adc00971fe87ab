//! The endpoint for Prometheus among clients that want it no good: silent ones, slow ones,
//! many of them. Real sockets, and bounds that only a server which waits for its clients
//! breaks.
#![cfg(unix)]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test panics")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use perfkit::Monitor;
use perfkit::prometheus::{self, Server};
use rustix::process::{Resource, getrlimit, setrlimit};

/// An answer takes milliseconds. A machine may be busy; but a server that gives each of a
/// thousand clients its two seconds takes half an hour.
const ANSWERED: Duration = Duration::from_secs(10);

/// The most connections that the endpoint has.
const MAX_CONNECTIONS: usize = 64;

/// The most pages that it keeps for those who have not read them, and one being written.
const MAX_PAGES: usize = 5;

/// Serves a monitor of so many operations with names of a thousand characters.
fn endpoint(operations: usize) -> Server {
    let monitor = Monitor::new();
    for number in 0..operations {
        monitor.measure(&format!("{} {number}", "x".repeat(1000)), || ());
    }
    prometheus::serve_with(&monitor, "127.0.0.1:0").unwrap()
}

fn request(address: SocketAddr) -> String {
    format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n")
}

fn connect(address: SocketAddr) -> TcpStream {
    // A server that accepts nobody is a failure, not a test that never ends.
    let stream = TcpStream::connect_timeout(&address, ANSWERED).unwrap();
    stream.set_read_timeout(Some(ANSWERED)).unwrap();
    stream
}

/// Whether a whole page came back.
fn scrape(address: SocketAddr) -> bool {
    let mut stream = connect(address);
    stream.write_all(request(address).as_bytes()).is_ok() && is_whole_page(&mut stream)
}

fn is_whole_page(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    if stream.read_to_end(&mut answer).is_err() {
        return false;
    }
    let answer = String::from_utf8_lossy(&answer);
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return false;
    };
    let length = format!("\r\nContent-Length: {}\r\n", body.len());
    head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains(&length)
}

/// Whether the server has dropped the connection.
fn is_dropped(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    // It may be told why before.
    let told = stream.read(&mut [0; 1024]);
    !told.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// As many descriptors as a thousand clients take; the endpoint is in the same process.
fn raise_limit_of_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[test]
fn a_thousand_silent_clients_hold_up_nobody_and_the_oldest_go_first() {
    raise_limit_of_files();
    let server = endpoint(10);
    let address = server.address();
    let begin = Instant::now();
    let connect = |number| {
        let mut stream = connect(address);
        assert!(begin.elapsed() < 3 * ANSWERED, "{number} were accepted");
        // Some say nothing, and some half of what they want.
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHos");
        }
        stream
    };
    let silent: Vec<TcpStream> = (0..1000).map(connect).collect();
    let begin = Instant::now();
    assert!(scrape(address));
    assert!(begin.elapsed() < ANSWERED, "{:?}", begin.elapsed());

    let is_dropped: Vec<bool> = silent.iter().map(is_dropped).collect();
    let dropped = is_dropped.iter().filter(|&&dropped| dropped).count();
    assert!(dropped >= 1000 - MAX_CONNECTIONS, "{dropped}");
    assert!(is_dropped[..dropped].iter().all(|&dropped| dropped));
}

#[test]
fn clients_that_read_nothing_keep_a_few_pages_in_memory() {
    // More than the system takes for both ends of a connection.
    let server = endpoint(200);
    let address = server.address();
    let deaf: Vec<TcpStream> = (0..12)
        .map(|_| {
            let mut stream = connect(address);
            stream.write_all(request(address).as_bytes()).unwrap();
            // The page is being sent.
            stream.read_exact(&mut [0; 1]).unwrap();
            stream
        })
        .collect();
    assert!(scrape(address));
    let read_on = |mut stream: TcpStream| {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).is_ok() && rest.len() > 13 << 20
    };
    let whole = deaf.into_iter().map(read_on).filter(|&whole| whole).count();
    assert!(whole <= MAX_PAGES, "{whole}");
}

/// What clients do that do no good.
const HOSTILE: [fn(SocketAddr); 7] = [silent, half_a_head, drip, deaf, sip, leave, garbage];

fn try_connect(address: SocketAddr) -> Option<TcpStream> {
    TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok()
}

/// Waits until it is dropped or a while is over.
fn stay(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
    let _ = stream.read(&mut [0; 1]);
}

fn silent(address: SocketAddr) {
    if let Some(mut stream) = try_connect(address) {
        stay(&mut stream);
    }
}

fn half_a_head(address: SocketAddr) {
    if let Some(mut stream) = try_connect(address) {
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: ");
        stay(&mut stream);
    }
}

fn drip(address: SocketAddr) {
    let Some(mut stream) = try_connect(address) else {
        return;
    };
    for byte in b"GET /metrics HTTP/1.1\r\nX-Patience: of an angel" {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(60));
    }
}

/// Takes nothing of the answer.
fn deaf(address: SocketAddr) {
    if let Some(mut stream) = try_connect(address) {
        let _ = stream.write_all(request(address).as_bytes());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Takes the answer byte by byte.
fn sip(address: SocketAddr) {
    let Some(mut stream) = try_connect(address) else {
        return;
    };
    let _ = stream.write_all(request(address).as_bytes());
    let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
    for _ in 0..100 {
        if !matches!(stream.read(&mut [0; 1]), Ok(1)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn leave(address: SocketAddr) {
    drop(try_connect(address));
    std::thread::sleep(Duration::from_millis(1));
}

fn garbage(address: SocketAddr) {
    if let Some(mut stream) = try_connect(address) {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| ((i * 7919) >> 3) as u8).collect();
        let _ = stream.write_all(&bytes);
        stay(&mut stream);
    }
}

#[test]
fn scrapes_are_answered_while_every_kind_of_client_attacks() {
    raise_limit_of_files();
    let server = endpoint(100);
    let address = server.address();
    let (is_over, visits) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failed = std::thread::scope(|scope| {
        for thread in 0..10 * HOSTILE.len() {
            let (is_over, visits) = (&is_over, &visits);
            scope.spawn(move || {
                while !is_over.load(Relaxed) {
                    HOSTILE[thread % HOSTILE.len()](address);
                    visits.fetch_add(1, Relaxed);
                }
            });
        }
        // In any case all of them are told that it is over.
        let scraped = std::panic::catch_unwind(|| scrape_among(address, &visits));
        is_over.store(true, Relaxed);
        scraped.unwrap()
    });
    println!("{} visits, {failed} scrapes in vain", visits.into_inner());
    assert!(scrape(address), "when they are gone all is well");
}

/// Scrapes until a thousand of the others have been there, and says how often in vain:
/// whoever connects and is not scheduled for the next milliseconds looks as silent as they.
fn scrape_among(address: SocketAddr, visits: &AtomicUsize) -> usize {
    let mut failed = 0;
    let mut answered = 0;
    while answered < 20 || visits.load(Relaxed) < 1000 {
        let begin = Instant::now();
        while !scrape(address) {
            failed += 1;
            assert!(begin.elapsed() < ANSWERED, "{answered} were answered");
        }
        assert!(begin.elapsed() < ANSWERED, "{:?}", begin.elapsed());
        answered += 1;
    }
    failed
}
