//! What is asked beside queries: the values of a label, and whether an alert's rule is evaluated.
//!
//! Both are GETs of the HTTP API (`web/api/v1/api.go` of Prometheus: `labelValues`, `rules`); POST is a 405 on most servers.
//! They are small enough to be tried again like a patient query, and are never merged.

use std::fmt::Write;

use jiff::Timestamp;
use url::Url;

use super::query::{form, now_text};

/// The values of a label, as far as series in a time have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelValues<'a> {
    /// The label's name; `__name__` for the names of metrics.
    pub label: &'a str,
    /// `match[]`: a selector without range that the series fit.
    pub matcher: Option<&'a str>,
    /// The series have samples after this, …
    pub start: Timestamp,
    /// … and before this. VictoriaMetrics looks at whole days.
    pub end: Timestamp,
    /// How many values are kept, in the server's order; as many as this says that there may be more.
    /// Sent as well: Prometheus 2 ignores it, and so would send all.
    pub limit: usize,
}

/// How a rule fares whose alerts carry a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertHealth {
    /// Every alerting rule of that name was evaluated at its last turn without an error: health `ok`, neither `err` nor `unknown`.
    pub is_healthy: bool,
}

impl LabelValues<'_> {
    /// The endpoint below the server's address.
    pub(super) fn endpoint(&self) -> String {
        format!("api/v1/label/{}/values", escaped(self.label))
    }

    /// The parameters. A dead store behind Thanos must not look like a label without values.
    pub(super) fn form(&self, address: &Url) -> String {
        let mut ours = Vec::new();
        ours.extend(self.matcher.map(|matcher| ("match[]", matcher.to_owned())));
        ours.extend([
            ("start", now_text(self.start)),
            ("end", now_text(self.end)),
            ("limit", self.limit.to_string()),
            ("partial_response", "false".to_owned()),
        ]);
        form(address, &ours)
    }
}

/// The parameters of the look-up of the rules whose alerts are called `name`.
pub(super) fn rules_form(name: &str, address: &Url) -> String {
    let ours = [
        ("type", "alert".to_owned()),
        ("rule_name[]", name.to_owned()),
    ];
    form(address, &ours)
}

/// A label's name in a path: one that is no name in Prometheus 2 as `EscapeName` of `prometheus/common` writes it, which
/// `labelValues` reads back, so that nothing in it is a part of the path.
fn escaped(label: &str) -> String {
    let fits = |at: usize, c: char| {
        c.is_ascii_alphabetic() || c == '_' || c == ':' || (at > 0 && c.is_ascii_digit())
    };
    if label.char_indices().all(|(at, c)| fits(at, c)) {
        return label.to_owned();
    }
    let mut text = "U__".to_owned();
    for (at, c) in label.char_indices() {
        match c {
            '_' => text.push_str("__"),
            c if fits(at, c) => text.push(c),
            c => {
                let _ = write!(text, "_{:x}_", u32::from(c));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: `EscapeName(…, ValueEncodingEscaping)` of prometheus/common 0.72.1.
    #[test]
    fn names_are_escaped_as_prometheus_reads_them() {
        for (label, path) in [
            ("job", "job"),
            ("__name__", "__name__"),
            ("a_b:2", "a_b:2"),
            ("http.status_code", "U__http_2e_status__code"),
            ("2a", "U___32_a"),
            ("..", "U___2e__2e_"),
            ("a/b?c", "U__a_2f_b_3f_c"),
            ("größe", "U__gr_f6__df_e"),
        ] {
            assert_eq!(escaped(label), path);
        }
    }

    #[test]
    fn the_parameters_of_the_address_come_first() {
        let address = Url::parse("http://vm/?extra_label=ns%3Dx&limit=9").expect("a URL");
        let values = LabelValues {
            label: "job",
            matcher: Some("up{a=\"b\"}"),
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::UNIX_EPOCH,
            limit: 21,
        };
        assert_eq!(
            values.form(&address),
            "extra_label=ns%3Dx&match%5B%5D=up%7Ba%3D%22b%22%7D&start=0&end=0&limit=21&partial_response=false"
        );
        assert_eq!(
            rules_form("A b", &address),
            "extra_label=ns%3Dx&limit=9&type=alert&rule_name%5B%5D=A+b"
        );
    }
}
