//! What the environment asks for, by the standard variables.

#[cfg(feature = "otlp-tls")]
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::config::{
    Compression, Config, ConfigError, HistogramForm, METRICS_PATH, Protocol, Temporality,
};

#[cfg(feature = "otlp-tls")]
use super::tls::{self, TlsProblem};

const PROXY: &str = "PERFKIT_OTLP_PROXY";
const MAX_BUCKETS: &str = "PERFKIT_OTLP_MAX_BUCKETS";

const GRPC_ENDPOINT: &str = "http://localhost:4317";
const PROTOCOLS: &[(&str, Protocol)] = &[
    ("http/protobuf", Protocol::HttpProtobuf),
    #[cfg(feature = "otlp-json")]
    ("http/json", Protocol::HttpJson),
    #[cfg(feature = "otlp-grpc")]
    ("grpc", Protocol::Grpc),
];
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
const EXPORT_TIMEOUT: &str = "OTEL_METRIC_EXPORT_TIMEOUT";
const EXPORTERS: &str = "OTEL_METRICS_EXPORTER";
const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
const HISTOGRAMS: &str = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

/// What variables of OTLP are obeyed that have a form for metrics alone, too.
const OF_OTLP: [&str; 5] = ["ENDPOINT", "HEADERS", "TIMEOUT", "PROTOCOL", "COMPRESSION"];

#[cfg(feature = "otlp-tls")]
const OF_TLS: [&str; 3] = ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"];
#[cfg(not(feature = "otlp-tls"))]
const OF_TLS: [&str; 0] = [];

/// So many variables are named that are not obeyed.
const MOST_NAMED: usize = 20;

impl Config {
    /// Reads the standard environment variables, `PERFKIT_OTLP_PROXY` and
    /// `PERFKIT_OTLP_MAX_BUCKETS`.
    ///
    /// # Errors
    /// A variable that has no valid value, names a protocol that is not built in, or an endpoint or a proxy that is not
    /// plain http (with the feature `otlp-tls` an endpoint may be https), or a certificate or key
    /// that is of no use.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let said = |name: &str| get(name).map(|value| value.trim().to_owned());
        // What is said of metrics alone comes first.
        let said_of = |what: &str| {
            let mut names = names_of(what).into_iter();
            names.find_map(|name| Some((said(&name)?, name)))
        };
        let mut config = Self::default();
        if let Some((protocol, variable)) = said_of("PROTOCOL") {
            config.protocol = one_of(&variable, &protocol, PROTOCOLS)?;
            if !config.protocol.is_http() {
                config.endpoint = GRPC_ENDPOINT.to_owned();
            }
        }
        if let Some((endpoint, variable)) = said_of("ENDPOINT") {
            let is_http = config.protocol.is_http();
            let is_base = is_http && variable == "OTEL_EXPORTER_OTLP_ENDPOINT";
            config.endpoint = endpoint_of(&variable, &endpoint, is_base)?;
        }
        if let Some((headers, variable)) = said_of("HEADERS") {
            config.headers = headers_of(&variable, &headers)?;
        }
        if let Some((timeout, variable)) = said_of("TIMEOUT") {
            config.timeout = milliseconds_of(&variable, &timeout)?;
        }
        if let Some((compression, variable)) = said_of("COMPRESSION") {
            let known = [("gzip", Compression::Gzip), ("none", Compression::None)];
            config.compression = one_of(&variable, &compression, &known)?;
        }
        if let Some(interval) = said(INTERVAL) {
            config.interval = milliseconds_of(INTERVAL, &interval)?;
        }
        if let Some(timeout) = said(EXPORT_TIMEOUT) {
            config.export_timeout = milliseconds_of(EXPORT_TIMEOUT, &timeout)?;
        }
        if let Some(temporality) = said(TEMPORALITY) {
            config.temporality = temporality_of(&temporality)?;
        }
        if let Some(form) = said(HISTOGRAMS) {
            config.histograms = histograms_of(&form)?;
        }
        if let Some(most) = said(MAX_BUCKETS) {
            config.max_buckets = buckets_of(&most)?;
        }
        if let Some(proxy) = said(PROXY) {
            if !config.protocol.is_http() {
                return Err(ConfigError::new(PROXY, "it is of http alone, not of grpc"));
            }
            config.proxy = Some(proxy_of(&proxy)?);
        }
        #[cfg(feature = "otlp-tls")]
        {
            let path = |what| said_of(what).map(|(path, _)| PathBuf::from(path));
            config.certificate = path("CERTIFICATE");
            config.client_certificate = path("CLIENT_CERTIFICATE");
            config.client_key = path("CLIENT_KEY");
            tls::load(&config).map_err(|TlsProblem { file, problem }| {
                let what = file.variable();
                let [_, general] = names_of(what);
                let variable = said_of(what).map_or(general, |(_, variable)| variable);
                ConfigError::new(&variable, problem)
            })?;
        }
        let is_disabled = |value: String| value.eq_ignore_ascii_case("true");
        let is_asked_for = said(EXPORTERS).is_none_or(|list| has_exporter(&list, "otlp"));
        config.is_enabled = is_asked_for && !said("OTEL_SDK_DISABLED").is_some_and(is_disabled);
        Ok(config)
    }
}

/// The variables that are set and not obeyed, by name: of those that speak of metrics and how
/// they are exported.
pub(super) fn unobeyed() -> Vec<String> {
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let set = set.filter_map(|(name, value)| {
        Some((
            name.into_string().ok()?,
            value.into_string().unwrap_or_default(),
        ))
    });
    unobeyed_of(set)
}

fn unobeyed_of(set: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let is_ours = |name: &str| {
        let of_others = ["_TRACES_", "_LOGS_", "_PROFILES_"];
        let of_otlp = name.strip_prefix("OTEL_EXPORTER_OTLP");
        of_otlp.is_some_and(|rest| !of_others.iter().any(|other| rest.starts_with(other)))
            || name.starts_with("OTEL_METRIC")
            || name.starts_with("OTEL_EXPERIMENTAL_METRIC")
            || ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"].contains(&name)
    };
    let is_obeyed = |name: &str, value: &str| match name {
        EXPORTERS => value
            .split(',')
            .all(|exporter| ["otlp", "none"].contains(&exporter.trim())),
        INTERVAL | EXPORT_TIMEOUT | TEMPORALITY | HISTOGRAMS => true,
        _ => OF_OTLP
            .iter()
            .chain(&OF_TLS)
            .any(|what| names_of(what).iter().any(|known| known == name)),
    };
    // A name that can be shown as it is, and is not too long for a line.
    let is_plain = |name: &str| {
        name.len() <= 100 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut names: Vec<_> = set
        .filter(|(name, value)| is_ours(name) && is_plain(name) && !is_obeyed(name, value))
        .map(|(name, _)| name)
        .collect();
    names.sort();
    names.truncate(MOST_NAMED);
    names
}

/// That of metrics alone, and that of all signals.
fn names_of(what: &str) -> [String; 2] {
    ["_METRICS", ""].map(|of| format!("OTEL_EXPORTER_OTLP{of}_{what}"))
}

/// Whether a list of exporters has one.
fn has_exporter(list: &str, wanted: &str) -> bool {
    list.split(',').any(|exporter| exporter.trim() == wanted)
}

fn temporality_of(text: &str) -> Result<Temporality, ConfigError> {
    let known = [
        ("cumulative", Temporality::Cumulative),
        ("delta", Temporality::Delta),
        ("lowmemory", Temporality::LowMemory),
    ];
    one_of(TEMPORALITY, text, &known)
}

fn histograms_of(text: &str) -> Result<HistogramForm, ConfigError> {
    let known = [
        (
            "base2_exponential_bucket_histogram",
            HistogramForm::Exponential,
        ),
        ("explicit_bucket_histogram", HistogramForm::ExplicitBuckets),
    ];
    one_of(HISTOGRAMS, text, &known)
}

fn buckets_of(text: &str) -> Result<usize, ConfigError> {
    let number = text.parse().ok().filter(|number| *number >= 2);
    number.ok_or_else(|| {
        let text: String = text.chars().take(60).collect();
        let problem = format!("`{}` is no whole number from 2 on", text.escape_debug());
        ConfigError::new(MAX_BUCKETS, problem)
    })
}

/// The value that a word stands for, in lower or upper case.
fn one_of<T: Copy>(variable: &str, text: &str, known: &[(&str, T)]) -> Result<T, ConfigError> {
    let found = known
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let text: String = text.chars().take(60).collect();
        let problem = format!(
            "`{}` is not built in: write {}",
            text.escape_debug(),
            words.join(" or ")
        );
        ConfigError::new(variable, problem)
    })
}

fn endpoint_of(variable: &str, endpoint: &str, is_base: bool) -> Result<String, ConfigError> {
    let fail = |problem: String| Err(ConfigError::new(variable, problem));
    let is_tls = endpoint.starts_with("https://");
    if is_tls && !cfg!(feature = "otlp-tls") {
        return fail(format!(
            "`{}` needs TLS, which is in the feature otlp-tls: build it in, or export over http to a collector nearby that forwards",
            endpoint.escape_debug()
        ));
    }
    let has_host = endpoint
        .strip_prefix(if is_tls { "https://" } else { "http://" })
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
        if cfg!(feature = "otlp-tls") {
            let https = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://x")]).unwrap();
            assert_eq!(https.endpoint, "https://x/v1/metrics");
            let file = error("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/there/is/none");
            assert!(file.contains("name its file too"), "{file}");
        } else {
            assert!(error("OTEL_EXPORTER_OTLP_ENDPOINT", "https://x").contains("needs TLS"));
        }
        assert!(error("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317").contains("no address"));
        let json = read(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
        assert_eq!(json.is_ok(), cfg!(feature = "otlp-json"));
        assert!(json.map_or(true, |json| json.endpoint.ends_with(":4318/v1/metrics")));
        assert!(error("OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml").contains("is not built in"));
        let grpc = read(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert_eq!(grpc.is_ok(), cfg!(feature = "otlp-grpc"));
        if let Ok(grpc) = grpc {
            assert_eq!(grpc.endpoint, "http://localhost:4317");
        }
        assert!(error("OTEL_EXPORTER_OTLP_TIMEOUT", "10s").contains("`10s` is no positive"));
        assert!(error("OTEL_METRIC_EXPORT_INTERVAL", "0").contains("no positive"));
        assert!(!read(&[("OTEL_SDK_DISABLED", "TRUE")]).unwrap().is_enabled);
        let gzip = error("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd");
        assert!(
            gzip.ends_with("`zstd` is not built in: write gzip or none"),
            "{gzip}"
        );
        let hostile = error(TEMPORALITY, &format!("\u{1b}{}", "x".repeat(1000)));
        assert!(
            hostile.len() < 250 && !hostile.contains('\u{1b}'),
            "{hostile}"
        );
    }

    #[test]
    fn what_is_asked_for_is_done() {
        let compression = |value| read(&[("OTEL_EXPORTER_OTLP_COMPRESSION", value)]).unwrap();
        assert_eq!(compression("gzip").compression, Compression::Gzip);
        let own = ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none");
        let both = read(&[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"), own]).unwrap();
        assert_eq!(both.compression, Compression::None);
        let temporality = |value| read(&[(TEMPORALITY, value)]).unwrap().temporality;
        assert_eq!(temporality("Delta"), Temporality::Delta);
        assert_eq!(temporality("LowMemory"), Temporality::LowMemory);
        assert_eq!(temporality("cumulative"), Temporality::Cumulative);
        let histograms = |value| read(&[(HISTOGRAMS, value)]).unwrap().histograms;
        assert_eq!(
            [
                "base2_exponential_bucket_histogram",
                "explicit_bucket_histogram"
            ]
            .map(histograms),
            [HistogramForm::Exponential, HistogramForm::ExplicitBuckets]
        );
        let timeout = read(&[(EXPORT_TIMEOUT, "1500")]).unwrap().export_timeout;
        assert_eq!(timeout, Duration::from_millis(1500));
        assert_eq!(read(&[]).unwrap().max_buckets, 160);
        assert_eq!(read(&[(MAX_BUCKETS, "3100")]).unwrap().max_buckets, 3100);
        assert!(read(&[(MAX_BUCKETS, "1")]).is_err());
        let exporters = |list| read(&[(EXPORTERS, list)]).unwrap().is_enabled;
        assert!(exporters("otlp") && exporters("console, otlp"));
        assert!(!exporters("none") && !exporters("prometheus"));
    }

    #[test]
    fn what_is_set_and_not_obeyed_is_named() {
        let set = [
            ("OTEL_METRICS_EXPORTER", "otlp,console"),
            ("OTEL_METRICS_EXEMPLAR_FILTER", "always_on"),
            ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
            ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true"),
            ("OTEL_EXPORTER_OTLP_METRICS_\u{1b}", "true"),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=b"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("PATH", "/bin"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let expected = [
            "OTEL_EXPORTER_OTLP_INSECURE",
            "OTEL_METRICS_EXEMPLAR_FILTER",
            "OTEL_METRICS_EXPORTER",
        ];
        assert_eq!(unobeyed_of(set.into_iter().map(owned)), expected);
        let many = (0..100).map(|n| (format!("OTEL_METRICS_{n}"), "x".to_owned()));
        assert_eq!(unobeyed_of(many).len(), MOST_NAMED);
    }
}
