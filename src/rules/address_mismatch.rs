//! Two metrics of a template that name one server in two ways, one of them by a slip.

use strsim::damerau_levenshtein;
use url::Host;

use crate::analysis::settings::server_url;
use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds two metrics whose addresses name hosts that differ by a likely slip: a few letters of one word, or one first
    /// label inside the other.
    ///
    /// ## Why it matters
    ///
    /// The host that does not exist makes every measurement an Error, and the rollout is aborted whatever the canary does.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// args:
    /// - name: namespace
    /// metrics:
    /// - name: pods
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prom-server.prometheus:80
    ///       query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// - name: services
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus-server.prometheus:80
    ///       query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// args:
    /// - name: namespace
    /// metrics:
    /// - name: pods
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus-server.prometheus:80
    ///       query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// - name: services
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus-server.prometheus:80
    ///       query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// ```
    "address-mismatch", "two metrics name one server in two ways",
    Limits, levels: [Warn],
    yields_to: ["unknown-service", "invalid-address"],
    check: Check::Template(check),
}

/// Where metrics ask so many servers, hosts that are alike are meant to be.
const HOSTS: usize = 16;

fn check(_: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    let hosts: Vec<(&Gate<'_>, String)> = gates
        .iter()
        .filter_map(|gate| Some((gate, host(gate)?)))
        .collect();
    let mut distinct: Vec<(&Gate<'_>, &str, usize)> = Vec::new();
    for (gate, host) in &hosts {
        match distinct.iter().position(|(_, other, _)| other == host) {
            Some(number) => distinct[number].2 += 1,
            None if distinct.len() == HOSTS => return,
            None => distinct.push((gate, host, 1)),
        }
    }
    let count = |host: &str| {
        let own = distinct.iter().find(|(_, other, _)| *other == host);
        own.map_or(0, |(_, _, count)| *count)
    };
    let mut told: Vec<&str> = Vec::new();
    for (gate, host) in &hosts {
        // The one that fewer metrics name is told; of a pair named as often, the first.
        let other = distinct.iter().find(|(_, other, times)| {
            is_slip(host, other) && count(host) <= *times && !told.contains(other)
        });
        let (Some((near, other, _)), Some(field)) = (other, gate.spec().and_then(|s| s.address()))
        else {
            continue;
        };
        if !told.contains(&host.as_str()) {
            told.push(host);
        }
        let mut place = gate.at("address", field);
        if place.text.contains('@') {
            place = place.unquoted();
        }
        out.about(gate.subject());
        out.warn(
            place,
            format!("`{host}` here, `{other}` in `{}`", near.metric.name.text),
        )
        .help("write the same host in both, or none if the controller has a default");
    }
}

/// The host of a gate's address, without the cluster's own ending.
fn host(gate: &Gate<'_>) -> Option<String> {
    let filled = gate.scene.fill(&gate.spec()?.address()?.text);
    if filled.has_holes() {
        return None;
    }
    let url = server_url(&filled.text).ok()?;
    let Some(Host::Domain(host)) = url.host() else {
        return None;
    };
    let host = host.trim_end_matches('.');
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    Some(host.strip_suffix(".svc").unwrap_or(host).to_owned())
}

/// Whether two hosts are likely meant to be one.
fn is_slip(a: &str, b: &str) -> bool {
    if a == b {
        return false;
    }
    let (a_labels, b_labels): (Vec<&str>, Vec<&str>) =
        (a.split('.').collect(), b.split('.').collect());
    let (a_first, b_first) = (a_labels[0], b_labels[0]);
    if a_labels[1..] == b_labels[1..] && (a_first.contains(b_first) || b_first.contains(a_first)) {
        return is_long(a_first) && is_long(b_first);
    }
    let words = |host: &str| -> Vec<String> { host.split(['.', '-']).map(str::to_owned).collect() };
    let (a, b) = (words(a), words(b));
    if a_labels.len() != b_labels.len() || a.len() != b.len() {
        return false;
    }
    let mut differing = a.iter().zip(&b).filter(|(a, b)| a != b);
    match (differing.next(), differing.next()) {
        (Some((a, b)), None) => is_word_slip(a, b),
        _ => false,
    }
}

/// One word is the other's beginning, or two letters at most are others; what differs by digits alone is meant.
fn is_word_slip(a: &str, b: &str) -> bool {
    let letters = |word: &str| -> String { word.chars().filter(|c| !c.is_ascii_digit()).collect() };
    if letters(a) == letters(b) || !is_long(a) || !is_long(b) {
        return false;
    }
    a.starts_with(b)
        || b.starts_with(a)
        || (a.len().min(b.len()) >= 6
            && a.len().max(b.len()) <= 63
            && damerau_levenshtein(a, b) <= 2)
}

/// Shorter words name regions, stages and shards.
fn is_long(word: &str) -> bool {
    word.len() >= 4
}

#[cfg(test)]
mod tests {
    use super::is_slip;
    use crate::rules::testing::said;

    #[test]
    fn hosts_that_are_likely_one() {
        for (a, b, expected) in [
            (
                "prom-server.prometheus",
                "prometheus-server.prometheus",
                true,
            ),
            (
                "prometheus.monitoring",
                "prometheus-server.monitoring",
                true,
            ),
            ("prometheus.monitoring", "prometheus.monitorng", true),
            ("promtheus.monitoring", "prometheus.monitoring", true),
            ("prometheus.monitoring", "prometheus.monitoring", false),
            ("prometheus.monitoring", "thanos.monitoring", false),
            ("prometheus-0.monitoring", "prometheus-1.monitoring", false),
            (
                "prometheus-eu.example.com",
                "prometheus-us.example.com",
                false,
            ),
            ("prometheus.shop", "prometheus.mail", false),
            ("10.0.0.1", "10.0.0.2", false),
            ("a", "b", false),
        ] {
            assert_eq!(is_slip(a, b), expected, "{a} {b}");
            assert_eq!(is_slip(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_rarer_host_is_told() {
        let metric = |name: &str, host: &str| {
            format!(
                "- name: {name}\n  provider: {{prometheus: {{address: 'http://{host}', query: up}}}}\n"
            )
        };
        let gate = format!(
            "metrics:\n{}{}{}",
            metric("a", "prometheus-server.prometheus.svc.cluster.local"),
            metric("b", "prom-server.prometheus.svc"),
            metric("c", "prometheus-server.prometheus:80"),
        );
        assert_eq!(
            said(super::RULE.name, &gate),
            [
                "warn at `http://prom-server.prometheus.svc`: `prom-server.prometheus` here, \
              `prometheus-server.prometheus` in `a`; \
              write the same host in both, or none if the controller has a default"
            ]
        );
    }
}
