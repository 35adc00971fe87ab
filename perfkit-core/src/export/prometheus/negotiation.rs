//! Which format a scraper likes best.

use crate::export::number_series::number_series;

use super::exposition::Exposition;
use super::protobuf_format;
use super::text_format::TextFormat;

/// The formats that a scraper can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Format {
    Text(TextFormat),
    Protobuf,
}

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text(format) => format.content_type(),
            Self::Protobuf => protobuf_format::CONTENT_TYPE,
        }
    }

    /// What a running program tells.
    pub(super) fn page(self, exposition: &Exposition) -> Vec<u8> {
        let Exposition { snapshot, totals } = exposition;
        let numbers = number_series(&snapshot.counters, &snapshot.gauges);
        let operations = &snapshot.operations;
        match self {
            Self::Text(format) => format.page(operations, &numbers, totals).into_bytes(),
            Self::Protobuf => protobuf_format::render(operations, &numbers, totals),
        }
    }

    /// The best of those that the values of `Accept` name; of what is liked equally, what
    /// tells more. Who accepts none of them gets the older text format all the same.
    pub(super) fn preferred<'a>(accepted: impl IntoIterator<Item = &'a str>) -> Self {
        let mut qualities = [
            (Self::Protobuf, 0.0_f64),
            (Self::Text(TextFormat::OpenMetrics), 0.0),
            (Self::Text(TextFormat::Text), 0.0),
        ];
        for range in accepted.into_iter().flat_map(|value| value.split(',')) {
            let range = MediaRange::parse(range);
            for (format, quality) in &mut qualities {
                if range.covers(*format) {
                    *quality = quality.max(range.quality);
                }
            }
        }
        let mut best = (Self::Text(TextFormat::Text), 0.0);
        for (format, quality) in qualities {
            if quality > best.1 {
                best = (format, quality);
            }
        }
        best.0
    }
}

/// One of the media types that a client accepts.
struct MediaRange {
    media_type: String,
    parameters: Vec<(String, String)>,
    quality: f64,
}

impl MediaRange {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let mut parameters: Vec<_> = parts
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| {
                let value = value.trim().trim_matches('"').to_ascii_lowercase();
                (key.trim().to_ascii_lowercase(), value)
            })
            .collect();
        let mut quality = 1.0;
        parameters.retain(|(key, value)| {
            if key == "q" {
                quality = value.parse().unwrap_or(0.0);
            }
            key != "q"
        });
        Self {
            media_type,
            parameters,
            quality,
        }
    }

    /// Formats that are newer have to be named.
    fn covers(&self, format: Format) -> bool {
        let name = self.media_type.as_str();
        match format {
            Format::Protobuf => {
                name == "application/vnd.google.protobuf"
                    && self.has("proto", "io.prometheus.client.metricfamily")
                    && self.has("encoding", "delimited")
            }
            Format::Text(TextFormat::OpenMetrics) => {
                name == "application/openmetrics-text"
                    && (self.lacks("version") || self.has("version", "1.0.0"))
            }
            Format::Text(TextFormat::Text) => ["text/plain", "text/*", "*/*"].contains(&name),
        }
    }

    fn has(&self, key: &str, value: &str) -> bool {
        let is_same = |(k, v): &(String, String)| k == key && v == value;
        self.parameters.iter().any(is_same)
    }

    fn lacks(&self, key: &str) -> bool {
        self.parameters.iter().all(|(k, _)| k != key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: Format = Format::Text(TextFormat::Text);
    const OPENMETRICS: Format = Format::Text(TextFormat::OpenMetrics);

    #[test]
    fn the_format_is_what_the_scraper_likes_best() {
        for accept in [
            // Prometheus 2.42 and 3 with native histograms.
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text, Application/vnd.google.protobuf; Proto=\"io.prometheus.client.MetricFamily\" ; encoding=delimited",
        ] {
            assert_eq!(Format::preferred([accept]), Format::Protobuf, "{accept}");
        }
        for accept in [
            // Prometheus 2 and 3 in their usual settings.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "Application/OpenMetrics-Text; Version=\"1.0.0\"",
            "application/openmetrics-text",
            "application/openmetrics-text;q=0.9,application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.8",
        ] {
            assert_eq!(Format::preferred([accept]), OPENMETRICS, "{accept}");
        }
        for accept in [
            "*/*",
            "",
            "text/html",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;version=2.0.0,text/plain;q=0.1",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=nan",
            "application/openmetrics-text;q=0.2,text/plain;q=0.3",
            "application/vnd.google.protobuf",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
        ] {
            assert_eq!(Format::preferred([accept]), TEXT, "{accept}");
        }
        assert_eq!(Format::preferred([]), TEXT);
    }

    #[test]
    fn several_values_are_one() {
        let values = ["text/plain;q=0.1", "application/openmetrics-text"];
        assert_eq!(Format::preferred(values), OPENMETRICS);
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(accept in ".{0,60}") {
            let _ = Format::preferred([accept.as_str()]).content_type();
        }
    }
}
