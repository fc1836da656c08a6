//! Certificates that are not verified, and credentials that travel unencrypted.

use url::Host;

use crate::analysis::settings::server_url;
use crate::analysis::template::{Field, QuerySpec};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds `insecure: true`, and credentials that go to a host outside the cluster over plain http.
    ///
    /// ## Why it matters
    ///
    /// Whoever stands in between can answer in place of Prometheus, and pass a bad canary; with credentials in clear they
    /// can also read whatever the credentials open.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// address: https://prometheus.example
    /// insecure: true
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// provider: plugin
    /// address: https://prometheus.example
    /// tls:
    ///   caFile: /etc/ssl/prometheus/ca.crt
    /// query: sum(kube_pod_container_status_ready{namespace="shop",pod=~"web-$(run.hash)-.*"}) or vector(0)
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// What is a host of the cluster is told by its name: no dot, `.svc`, `.local`, `.internal`, a private address.
    "insecure-transport", "answers or credentials are open to others",
    Limits, levels: [Warn],
    yields_to: ["invalid-address"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let Some(spec) = gate.spec() else {
        return;
    };
    let value = |field: &Field| gate.scene.fill(&field.text);
    let insecure = spec.setting("insecure");
    if let Some(field) = insecure.filter(|field| value(field).text.trim() == "true") {
        let help = match gate.engine.is_plugin() {
            true => {
                "drop it and write the authority's certificate into `tls.caFile` or `tls.caPem`"
            }
            false => {
                "drop it and add the authority's certificate to the controller's, or to this plugin's `tls`"
            }
        };
        out.warn(
            gate.at("insecure", field),
            "`insecure: true`: whoever stands in between may answer for Prometheus",
        )
        .help(help);
    }
    let urls = [
        ("address", spec.address()),
        (
            "authentication.oauth2.tokenUrl",
            spec.setting("authentication.oauth2.tokenUrl"),
        ),
    ];
    for (path, field) in urls {
        let Some(field) = field else { continue };
        let filled = value(field);
        let Ok(url) = server_url(&filled.text) else {
            continue;
        };
        let Some(host) = url.host().filter(|_| !filled.has_holes()) else {
            continue;
        };
        let credential = match path {
            "address" if url.password().is_some() => Some("userinfo"),
            "address" => credential(spec),
            _ => Some("clientSecret"),
        };
        if url.scheme() != "http" || is_inside(&host) {
            continue;
        }
        if let Some(credential) = credential {
            let place = gate.at(path, field);
            let place = match url.password() {
                Some(_) => place.unquoted(),
                None => place,
            };
            // The secret itself goes to `tokenUrl`, and what it buys to the server.
            let what = match (path, credential) {
                ("address", "clientSecret") => "the token of `authentication.oauth2`".to_owned(),
                _ => format!("`{credential}`"),
            };
            let port = url.port().map(|port| format!(":{port}"));
            out.warn(place, format!("{what} goes to `{host}` over plain http"))
                .help(format!(
                    "write `https://{host}{}`",
                    port.unwrap_or_default()
                ));
        }
    }
}

/// The setting that identifies to the server.
fn credential(spec: &QuerySpec) -> Option<&str> {
    let found = spec.settings.iter().find(|setting| {
        let field = &setting.field;
        !field.text.is_empty()
            && match setting.path.as_str() {
                "authentication.basicAuth.password"
                | "authentication.oauth2.clientSecret"
                | "authentication.bearer.tokenFile" => true,
                path => {
                    path.ends_with(".key")
                        && path.starts_with("headers[")
                        && field.text.eq_ignore_ascii_case("authorization")
                }
            }
    })?;
    Some(match found.path.rsplit('.').next() {
        Some("key") => "Authorization",
        Some(key) => key,
        None => &found.path,
    })
}

/// Whether a host is one of the cluster, or of the network around it.
fn is_inside(host: &Host<&str>) -> bool {
    let name = match host {
        Host::Ipv4(v4) => return v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        Host::Ipv6(v6) => return v6.is_loopback() || v6.is_unique_local(),
        Host::Domain(name) => name,
    };
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    // `prometheus.monitoring` is a Service; a name of the world ends with a country or one of a few words.
    let is_service = labels.len() == 2 && last.len() > 2 && !WORLD.contains(&last);
    labels.len() == 1
        || is_service
        || labels.contains(&"svc")
        || ["local", "internal", "localhost", "lan"].contains(&last)
}

/// Ends of names that are not the cluster's.
const WORLD: [&str; 12] = [
    "com", "org", "net", "dev", "app", "cloud", "info", "example", "gov", "edu", "tech", "systems",
];

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn a_client_secret_goes_to_the_token_server_alone() {
        let oauth2 =
            "{tokenUrl: 'https://login.example/token', clientId: a, clientSecret: '{{args.p}}'}";
        let gate = format!(
            "query: up\naddress: http://prom.example.com:9090\nauthentication: {{oauth2: {oauth2}}}\nargs:\n- name: p\n  value: x"
        );
        assert_eq!(
            said(super::RULE.name, &gate),
            [
                "warn at `http://prom.example.com:9090`: the token of `authentication.oauth2` goes to `prom.example.com` \
              over plain http; write `https://prom.example.com:9090`"
            ]
        );
    }

    #[test]
    fn what_others_can_read_or_answer() {
        let basic = "authentication: {basicAuth: {username: a, password: '{{args.p}}'}}";
        for (settings, expected) in [
            ("insecure: true", &["warn"][..]),
            ("insecure: \"true\"", &["warn"]),
            ("insecure: false", &[]),
            ("address: http://prom.example.com", &[]),
            (
                &format!("address: http://prom.example.com\n{basic}"),
                &["warn"],
            ),
            (&format!("address: https://prom.example.com\n{basic}"), &[]),
            (&format!("address: http://prom.monitoring\n{basic}"), &[]),
            (
                &format!("address: http://prom.monitoring.svc.cluster.local:80\n{basic}"),
                &[],
            ),
            (&format!("address: http://prom\n{basic}"), &[]),
            (&format!("address: http://10.1.2.3:9090\n{basic}"), &[]),
            (&format!("address: http://8.8.8.8\n{basic}"), &["warn"]),
            (
                "address: http://prom.example.com\nheaders: [{key: authorization, value: '{{args.p}}'}]",
                &["warn"],
            ),
            (
                "address: http://prom.example.com\nheaders: [{key: X-Scope-OrgID, value: a}]",
                &[],
            ),
            ("address: http://a:b@prom.example.com", &["warn"]),
        ] {
            let gate = format!("query: up\nargs:\n- name: p\n  value: x\n{settings}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{settings}");
        }
    }
}
