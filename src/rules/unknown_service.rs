//! An address whose host is no Service of a namespace that the input holds.

use crate::analysis::rollout::Service;
use crate::analysis::settings::server_url;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::text::nearest::nearest;

rule! {
    /// ## What it does
    ///
    /// Finds an `address` whose host is a Service by its form, in a namespace of which the input holds Services, and not
    /// this one.
    ///
    /// ## Why it matters
    ///
    /// The name does not resolve: every measurement is an Error, and five of them abort the rollout.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: prometheus-server
    ///   namespace: prometheus
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    ///   namespace: shop
    /// spec:
    ///   metrics:
    ///   - name: pods
    ///     interval: 1m
    ///     count: 5
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prom-server.prometheus.svc.cluster.local
    ///         query: sum(up{namespace="shop"}) or vector(0)
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: prometheus-server
    ///   namespace: prometheus
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    ///   namespace: shop
    /// spec:
    ///   metrics:
    ///   - name: pods
    ///     interval: 1m
    ///     count: 5
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus-server.prometheus.svc.cluster.local
    ///         query: sum(up{namespace="shop"}) or vector(0)
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A namespace of which the input holds some Services is taken to be held whole.
    "unknown-service", "the address names no Service that is there",
    Surroundings, levels: [Warn],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let Some(field) = gate.spec().and_then(|spec| spec.address()) else {
        return;
    };
    let filled = gate.scene.fill(&field.text);
    let Ok(url) = server_url(&filled.text) else {
        return;
    };
    let Some((name, namespace)) = url
        .host_str()
        .and_then(service)
        .filter(|_| !filled.has_holes())
    else {
        return;
    };
    let there: Vec<&Service> = gate
        .scene
        .context
        .input
        .services
        .iter()
        .filter(|service| {
            let home = service.namespace.as_ref();
            home.is_some_and(|home| home.text == namespace)
        })
        .collect();
    let names = || there.iter().map(|service| service.name.text.as_str());
    if there.is_empty() || names().any(|known| known == name) {
        return;
    }
    let mut place = gate.at("address", field);
    if field.text.contains('@') {
        place = place.unquoted();
    }
    let finding = out.warn(
        place,
        format!("the namespace `{namespace}` has no Service `{name}`"),
    );
    let near = nearest(name, names()).or_else(|| names().find(|known| known.ends_with(tail(name))));
    match near {
        Some(near) => finding.help(format!("did you mean `{near}`")),
        None => {
            let known: Vec<String> = names().take(5).map(|name| format!("`{name}`")).collect();
            finding.help(format!("it has {}", known.join(", ")))
        }
    };
}

/// Name and namespace of `name.namespace`, `name.namespace.svc` and `name.namespace.svc.cluster.local`.
fn service(host: &str) -> Option<(&str, &str)> {
    let host = host.trim_end_matches('.');
    let bare = host.strip_suffix(".cluster.local").unwrap_or(host);
    let bare = bare.strip_suffix(".svc").unwrap_or(bare);
    let (name, namespace) = bare.split_once('.')?;
    (!namespace.contains('.')).then_some((name, namespace))
}

/// The name from its last `-` on.
fn tail(name: &str) -> &str {
    name.rfind('-').map_or(name, |at| &name[at..])
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{document, said};

    #[test]
    fn hosts_that_are_no_service() {
        let services = "apiVersion: v1\nkind: Service\nmetadata: {name: prometheus-server, namespace: prometheus}\n---\n";
        for (address, help) in [
            ("http://prometheus-server.prometheus", None),
            (
                "http://prometheus-server.prometheus.svc.cluster.local:80",
                None,
            ),
            (
                "http://prom-server.prometheus",
                Some("did you mean `prometheus-server`"),
            ),
            (
                "http://prometheus-sever.prometheus.svc",
                Some("did you mean `prometheus-server`"),
            ),
            (
                "http://thanos.prometheus.svc",
                Some("it has `prometheus-server`"),
            ),
            ("http://thanos.monitoring.svc", None),
            ("http://thanos", None),
            ("http://thanos.prometheus.example.com", None),
        ] {
            let gate = document(&format!("query: up\naddress: {address}"));
            let said = said(super::RULE.name, &format!("{services}{gate}"));
            match help {
                None => assert!(said.is_empty(), "{said:?}"),
                Some(help) => assert!(said.len() == 1 && said[0].ends_with(help), "{said:?}"),
            }
        }
    }
}
