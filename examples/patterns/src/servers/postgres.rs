//! The PostgreSQL that `DATABASE_URL` names.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use super::delay::Network;
use crate::lesson::Error;

/// A PostgreSQL that answered, and how far away it is to be.
#[derive(Clone)]
pub struct Postgres {
    config: Config,
    /// Its version, as it says.
    pub version: String,
}

/// A connection to it, through a network, and what drives it.
pub struct Session {
    /// Asks the server; it waits for answers within `runtime`.
    pub client: Client,
    /// Where the connection lives.
    pub runtime: Runtime,
    /// What lies between.
    pub network: Network,
}

impl Postgres {
    /// Asks the server for its version.
    ///
    /// # Errors
    /// Why it cannot be reached, in one line; a password is not in it.
    pub fn find(url: &str) -> Result<Self, Error> {
        let mut config: Config = url
            .parse()
            .map_err(|error| format!("DATABASE_URL is no address of PostgreSQL: {error}"))?;
        config.connect_timeout(Duration::from_secs(5));
        let (host, port) = server(&config)?;
        let mut postgres = Self {
            config,
            version: String::new(),
        };
        let session = postgres.session(Duration::ZERO).map_err(|error| {
            format!(
                "PostgreSQL at {host}:{port} cannot be reached: {}",
                told(&*error)
            )
        })?;
        let version = session.client.query_one("SHOW server_version", &[]);
        let version: String = session.runtime.block_on(version)?.try_get(0)?;
        let number = version.split(' ').next();
        postgres.version = number.unwrap_or_default().to_owned();
        Ok(postgres)
    }

    /// A way to the server that takes so long in each direction.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn network(&self, delay: Duration) -> Result<Network, Error> {
        Network::to(server(&self.config)?, delay)
    }

    /// How to connect through a network.
    #[must_use]
    pub fn through(&self, network: &Network) -> Config {
        let mut config = Config::new();
        let (host, port) = network.entrance();
        config.host(&host).port(port);
        if let Some(user) = self.config.get_user() {
            config.user(user);
        }
        if let Some(password) = self.config.get_password() {
            config.password(password);
        }
        if let Some(name) = self.config.get_dbname() {
            config.dbname(name);
        }
        config.connect_timeout(Duration::from_secs(5));
        config
    }

    /// A connection through a network of its own.
    ///
    /// # Errors
    /// Those of the server.
    pub fn session(&self, delay: Duration) -> Result<Session, Error> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let network = self.network(delay)?;
        let config = self.through(&network);
        let client = runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            Ok::<_, Error>(client)
        })?;
        Ok(Session {
            client,
            runtime,
            network,
        })
    }
}

fn server(config: &Config) -> Result<(String, u16), Error> {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => Ok((host.clone(), port)),
        _ => Err("DATABASE_URL names no host: postgres://user@host:port/database".into()),
    }
}

/// An error with what lies behind it, on one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        text = format!("{text}: {behind}");
        source = behind.source();
    }
    text.replace('\n', " ")
}
