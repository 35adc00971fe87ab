//! Where and how to export, from the standard environment variables.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use percent_encoding::percent_decode_str;

const DEFAULT_ENDPOINT: &str = "http://localhost:4318";
const METRICS_PATH: &str = "/v1/metrics";
const PROXY: &str = "PERFKIT_OTLP_PROXY";

/// Where and how to export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The full address of the collector's metrics receiver.
    pub endpoint: String,
    /// Headers that every request carries.
    pub headers: Vec<(String, String)>,
    /// The longest that one export may take, retries included.
    pub timeout: Duration,
    /// The time from one export to the next.
    pub interval: Duration,
    /// The proxy that requests go through, such as `http://user:password@proxy:3128`; none
    /// by default, whatever the variables say that other programs take theirs from: headers
    /// may hold a secret, and a collector is nearby as a rule.
    pub proxy: Option<String>,
    /// Whether anything is exported at all.
    pub is_enabled: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: format!("{DEFAULT_ENDPOINT}{METRICS_PATH}"),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            interval: Duration::from_secs(60),
            proxy: None,
            is_enabled: true,
        }
    }
}

/// What is wrong with an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    variable: String,
    problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}

impl Error for ConfigError {}

impl ConfigError {
    fn new(variable: &str, problem: impl Into<String>) -> Self {
        Self {
            variable: variable.to_owned(),
            problem: problem.into(),
        }
    }
}

impl Config {
    /// Reads the standard environment variables, and `PERFKIT_OTLP_PROXY`.
    ///
    /// # Errors
    /// A variable that has no valid value, names a protocol other than
    /// http/protobuf, or an endpoint or a proxy that is not plain http.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // What is said of metrics alone comes first.
        let said_of = |what: &str| {
            let names = ["_METRICS", ""].map(|of| format!("OTEL_EXPORTER_OTLP{of}_{what}"));
            let found = names.into_iter().find_map(|name| Some((get(&name)?, name)));
            found.map(|(value, name)| (name, value.trim().to_owned()))
        };
        let mut config = Self::default();
        if let Some((variable, endpoint)) = said_of("ENDPOINT") {
            let is_base = variable == "OTEL_EXPORTER_OTLP_ENDPOINT";
            config.endpoint = endpoint_of(&variable, &endpoint, is_base)?;
        }
        if let Some((variable, headers)) = said_of("HEADERS") {
            config.headers = headers_of(&variable, &headers)?;
        }
        if let Some((variable, timeout)) = said_of("TIMEOUT") {
            config.timeout = milliseconds_of(&variable, &timeout)?;
        }
        if let Some(interval) = get("OTEL_METRIC_EXPORT_INTERVAL") {
            config.interval = milliseconds_of("OTEL_METRIC_EXPORT_INTERVAL", interval.trim())?;
        }
        if let Some((variable, protocol)) = said_of("PROTOCOL")
            && protocol != "http/protobuf"
        {
            let problem = format!("`{protocol}` is not built in: only http/protobuf is");
            return Err(ConfigError::new(&variable, problem));
        }
        if let Some(proxy) = get(PROXY) {
            config.proxy = Some(proxy_of(proxy.trim())?);
        }
        let disabled = get("OTEL_SDK_DISABLED");
        config.is_enabled = !disabled.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(config)
    }
}

fn endpoint_of(variable: &str, endpoint: &str, is_base: bool) -> Result<String, ConfigError> {
    let fail = |problem: String| Err(ConfigError::new(variable, problem));
    if endpoint.starts_with("https://") {
        return fail(format!(
            "`{endpoint}` needs TLS, which is not built in: export to a collector nearby over http, and let it forward"
        ));
    }
    let has_host = endpoint
        .strip_prefix("http://")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if !has_host || endpoint.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return fail(format!(
            "`{}` is no address such as http://localhost:4318",
            endpoint.escape_debug()
        ));
    }
    if is_base {
        return Ok(format!("{}{METRICS_PATH}", endpoint.trim_end_matches('/')));
    }
    Ok(endpoint.to_owned())
}

/// It may hold a password, and so is not shown.
fn proxy_of(proxy: &str) -> Result<String, ConfigError> {
    let is_proxy = proxy.starts_with("http://") && ureq::Proxy::new(proxy).is_ok();
    let problem = "the value is no address such as http://proxy:3128";
    is_proxy
        .then(|| proxy.to_owned())
        .ok_or_else(|| ConfigError::new(PROXY, problem))
}

/// `key=value,key=value`, percent-encoded.
fn headers_of(variable: &str, text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let decode = |part: &str| {
                let decoded = percent_decode_str(part.trim()).decode_utf8().ok()?;
                let is_header = decoded
                    .chars()
                    .all(|c| c.is_ascii() && !c.is_ascii_control());
                is_header.then(|| decoded.into_owned())
            };
            let (key, value) = pair.split_once('=')?;
            let (key, value) = (decode(key)?, decode(value)?);
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_|~`".contains(c);
            (!key.is_empty() && key.chars().all(is_token)).then_some((key, value))
        })
        .collect::<Option<_>>()
        // The value may hold a secret, so it is not shown.
        .ok_or_else(|| {
            ConfigError::new(
                variable,
                "the value is no list such as name=value,name=value",
            )
        })
}

fn milliseconds_of(variable: &str, text: &str) -> Result<Duration, ConfigError> {
    match text.parse::<u64>() {
        Ok(milliseconds) if milliseconds > 0 => Ok(Duration::from_millis(milliseconds)),
        _ => {
            let problem = format!(
                "`{}` is no positive number of milliseconds",
                text.escape_debug()
            );
            Err(ConfigError::new(variable, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let get = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        Config::from_variables(get).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_specification() {
        let config = read(&[]).unwrap();
        assert_eq!(config.endpoint, "http://localhost:4318/v1/metrics");
        assert_eq!(config.timeout, Duration::from_secs(10));
        assert_eq!(config.interval, Duration::from_secs(60));
        assert!(config.is_enabled);
    }

    #[test]
    fn the_base_endpoint_gets_a_path_and_the_specific_one_is_taken_as_it_is() {
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host:1/");
        let own = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://host:2/in");
        assert_eq!(read(&[base]).unwrap().endpoint, "http://host:1/v1/metrics");
        assert_eq!(read(&[base, own]).unwrap().endpoint, "http://host:2/in");
    }

    #[test]
    fn headers_are_decoded_and_never_shown_in_an_error() {
        let name = "OTEL_EXPORTER_OTLP_HEADERS";
        let config = read(&[(name, "api-key=a%20b, x=1=2")]).unwrap();
        let expected = [("api-key", "a b"), ("x", "1=2")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(config.headers, expected);
        let error = read(&[(name, "secret")]).unwrap_err();
        assert!(
            error.starts_with(name) && !error.contains("secret"),
            "{error}"
        );
        assert!(read(&[(name, "a=b%0d%0ainjected: 1")]).is_err());
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        let error = |name, value| read(&[(name, value)]).unwrap_err();
        assert!(error("OTEL_EXPORTER_OTLP_ENDPOINT", "https://x").contains("needs TLS"));
        assert!(error("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317").contains("no address"));
        assert!(error("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").contains("`grpc` is not built in"));
        assert!(error("OTEL_EXPORTER_OTLP_TIMEOUT", "10s").contains("`10s` is no positive"));
        assert!(error("OTEL_METRIC_EXPORT_INTERVAL", "0").contains("no positive"));
        assert!(!read(&[("OTEL_SDK_DISABLED", "TRUE")]).unwrap().is_enabled);
    }
}
