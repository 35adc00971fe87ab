//! The Redis that `REDIS_URL` names.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::{Client, Connection, ConnectionAddr, IntoConnectionInfo as _};

use super::delay::Network;
use crate::lesson::Error;

/// A Redis that answered.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    server: (String, u16),
    /// Its version, as it says.
    pub version: String,
}

/// A connection to it, through a network.
pub struct RedisSession {
    client: Client,
    /// Asks the server.
    pub connection: Connection,
    /// What lies between.
    pub network: Network,
    /// What the keys of this session begin with.
    pub prefix: String,
}

impl Redis {
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// Asks the server for its version.
    ///
    /// # Errors
    /// Why it cannot be reached, in one line; a password is not in it.
    pub fn find(url: &str) -> Result<Self, Error> {
        let info = url
            .into_connection_info()
            .map_err(|error| format!("REDIS_URL is no address of Redis: {error}"))?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err("REDIS_URL names no host, or asks for TLS: redis://host:port/".into());
        };
        let server = (host.clone(), *port);
        let mut redis = Self {
            client: Client::open(info)?,
            server,
            version: String::new(),
        };
        redis.version = redis.ask_version().map_err(|error| {
            let ((host, port), error) = (&redis.server, error.to_string().replace('\n', " "));
            format!("Redis at {host}:{port} cannot be reached: {error}")
        })?;
        Ok(redis)
    }

    fn ask_version(&self) -> Result<String, Error> {
        let mut connection = self.client.get_connection_with_timeout(Self::TIMEOUT)?;
        let info: String = redis::cmd("INFO").arg("server").query(&mut connection)?;
        let mut lines = info.lines();
        let version = lines.find_map(|line| line.strip_prefix("redis_version:"));
        Ok(version.unwrap_or("of no known version").to_owned())
    }

    /// A connection through a network of its own, which takes so long in each direction.
    ///
    /// # Errors
    /// Those of the server.
    pub fn session(&self, delay: Duration) -> Result<RedisSession, Error> {
        let network = Network::to(self.server.clone(), delay)?;
        let info = self.client.get_connection_info().clone();
        let (host, port) = network.entrance();
        let info = info.set_addr(ConnectionAddr::Tcp(host, port));
        let client = Client::open(info)?;
        // Of its own, also where several processes use one server.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        Ok(RedisSession {
            connection: client.get_connection_with_timeout(Self::TIMEOUT)?,
            client,
            network,
            prefix: format!("perfkit:lesson:{}:{now}:", std::process::id()),
        })
    }
}

impl RedisSession {
    /// Leaves the connection, and makes another one through the same network.
    ///
    /// # Errors
    /// Those of the server.
    pub fn reconnect(&mut self) -> Result<(), Error> {
        self.connection = self.client.get_connection_with_timeout(Redis::TIMEOUT)?;
        Ok(())
    }
}
