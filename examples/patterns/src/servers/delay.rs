//! A network between a lesson and its server: a TCP proxy that passes on each byte after a
//! delay, and counts the round trips.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::lesson::Error;

/// A way to a server. It ends with this value; connections through it end with their sides.
pub struct Network {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: (String, u16),
    delay: Duration,
    round_trips: AtomicU64,
    connections: AtomicU64,
    /// How often all connections of the time have died.
    deaths: AtomicU64,
    is_over: AtomicBool,
}

impl Network {
    /// Listens on a free port of this machine, and takes so long in each direction.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn to(server: (String, u16), delay: Duration) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            delay,
            round_trips: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            deaths: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &of_thread));
        Ok(Self { address, shared })
    }

    /// So short that it only counts.
    pub const COUNTED: Duration = Duration::from_micros(1);

    /// Where to connect to. Without any delay that is the server itself, because the way through
    /// here takes time too, and then nothing is counted.
    #[must_use]
    pub fn entrance(&self) -> (String, u16) {
        if self.shared.delay.is_zero() {
            self.shared.server.clone()
        } else {
            (self.address.ip().to_string(), self.address.port())
        }
    }

    /// How often a client has said something after an answer, or first, since this was begun.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.shared.round_trips.load(Ordering::Relaxed)
    }

    /// How many connections were made through it.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Lets all connections that there are die without a word: they stay open, and nothing
    /// comes through any more. Connections made later are alive. Where there is no delay,
    /// connections do not come through here, and live on.
    pub fn die(&self) {
        self.shared.deaths.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((client, _)) = listener.accept() {
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        // A client whose server is gone sees its connection end.
        let _ = connect(client, shared);
    }
}

fn connect(client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let (host, port) = &shared.server;
    let server = TcpStream::connect((host.as_str(), *port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    shared.connections.fetch_add(1, Ordering::Relaxed);
    let client_spoke = Arc::new(AtomicBool::new(false));
    let born = shared.deaths.load(Ordering::Relaxed);
    let (there, back) = ((client.try_clone()?, server.try_clone()?), (server, client));
    for ((from, to), is_client) in [(there, true), (back, false)] {
        let (sender, receiver) = channel();
        let (shared, spoke) = (Arc::clone(shared), Arc::clone(&client_spoke));
        let heard = move || {
            if !spoke.swap(is_client, Ordering::Relaxed) && is_client {
                shared.round_trips.fetch_add(1, Ordering::Relaxed);
            }
            let is_alive = shared.deaths.load(Ordering::Relaxed) == born;
            is_alive.then(|| Instant::now() + shared.delay)
        };
        thread::spawn(move || hear(from, &sender, &heard));
        thread::spawn(move || tell(to, &receiver));
    }
    Ok(())
}

/// Some bytes, and when they arrive.
type Packet = (Instant, Vec<u8>);

/// `heard` says when what has come arrives, or that it never does.
fn hear(mut from: TcpStream, packets: &Sender<Packet>, heard: &dyn Fn() -> Option<Instant>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let Some(arrives) = heard() else { continue };
        if packets.send((arrives, bytes[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn tell(mut to: TcpStream, packets: &Receiver<Packet>) {
    for (arrives, bytes) in packets {
        thread::sleep(arrives.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
