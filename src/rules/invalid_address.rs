//! An address that is no URL of http or https.

use crate::analysis::settings::server_url;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds an `address` that is no absolute URL of http or https, and a missing one where it is known that the
    /// controller has no default.
    ///
    /// ## Why it matters
    ///
    /// Every measurement is an Error, and five of them abort the rollout.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// address: prometheus.monitoring:9090
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// address: http://prometheus.monitoring:9090
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Settings
    ///
    /// Whether the controller has a default address (`ARGO_ROLLOUTS_PROMETHEUS_ADDRESS`, or the plugin's own).
    "invalid-address", "the address is no http or https URL",
    Limits, levels: [Deny],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    if gate.engine == Engine::Other {
        return;
    }
    let address = gate.spec().and_then(|spec| spec.address());
    let Some(field) = address.filter(|field| !field.text.is_empty()) else {
        if gate.settings().has_default_address == Some(false) {
            let place = address.map_or_else(|| gate.at_metric(), |field| gate.at("address", field));
            out.deny(place, "no `address`, and the controller has no default one")
                .help("write `address: http://…`");
        }
        return;
    };
    let filled = gate.scene.fill(&field.text);
    let Some(problem) = problem(&filled.text, filled.holes().first().map(|hole| hole.start)) else {
        return;
    };
    // The remedy stands behind the fact, as in the plugin's own message.
    let (fact, remedy) = problem.split_once("; ").unwrap_or((&problem, ""));
    let mut place = gate.at("address", field);
    if field.text.contains('@') {
        place = place.unquoted();
    }
    let finding = out.deny(place, format!("`address`: {fact}"));
    match remedy {
        "" => finding.help("write `http://` or `https://`, the host and the port"),
        remedy => {
            finding
                .help(remedy)
                .fix(gate.fix_text(false, field, &format!("http://{}", field.text)))
        }
    };
}

/// What is wrong with an address, as far as it is known: nothing before a scheme may still come.
fn problem(text: &str, hole: Option<usize>) -> Option<String> {
    let Some(hole) = hole else {
        return server_url(text).err();
    };
    let start = text[..hole].to_ascii_lowercase();
    let may_be_fine = |scheme: &str| start.starts_with(scheme) || scheme.starts_with(&start);
    match may_be_fine("http://") || may_be_fine("https://") {
        true => None,
        false => Some(format!(
            "`{}…` does not begin with `http://` or `https://`",
            &text[..hole]
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{document, found, lint_text, said, settings};

    #[test]
    fn addresses_that_no_request_reaches() {
        for (address, expected) in [
            ("http://prometheus.monitoring:9090", &[][..]),
            ("https://prom.example.com/prometheus", &[]),
            ("HTTP://prom", &[]),
            ("prometheus.monitoring:9090", &["deny"]),
            ("10.0.0.1:9090", &["deny"]),
            ("//prom:9090", &["deny"]),
            ("ftp://prom", &["deny"]),
            ("\"http://prom \"", &["deny"]),
            ("\"{{args.p}}\"\nargs:\n- name: p", &[]),
            ("\"http://{{args.p}}\"\nargs:\n- name: p", &[]),
            ("\"http://prom:{{args.p}}\"\nargs:\n- name: p", &[]),
            ("\"http{{args.p}}\"\nargs:\n- name: p", &[]),
            ("\"prom.{{args.p}}:9090\"\nargs:\n- name: p", &["deny"]),
            (
                "\"{{args.p}}\"\nargs:\n- name: p\n  value: prom:9090",
                &["deny"],
            ),
            ("\"\"", &[]),
        ] {
            let gate = format!("query: up\naddress: {address}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{address}");
        }
    }

    #[test]
    fn a_missing_address_needs_a_default() {
        let mut settings = settings();
        settings.has_default_address = Some(false);
        let report = lint_text(&document("query: up\naddress: \"\""), &settings);
        assert!(report.findings.iter().any(|f| f.rule == super::RULE.name));
    }

    #[test]
    fn the_scheme_is_offered() {
        assert_eq!(
            said(super::RULE.name, "query: up\naddress: prom:9090"),
            ["deny at `prom:9090`: `address`: `prom:9090` has no scheme; write `http://prom:9090`"]
        );
    }
}
