//! A secret in plain text.

use crate::analysis::template::{Field, QuerySpec};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::text::filled::Filled;

rule! {
    /// ## What it does
    ///
    /// Finds a password, a client secret, a header that authorises, or the userinfo of an address as literal text.
    ///
    /// ## Why it matters
    ///
    /// Whoever can read the template, its repository or an AnalysisRun of it can read the secret.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// headers:
    /// - key: Authorization
    ///   value: Bearer 0123456789
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// address: https://prometheus.example
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// headers:
    /// - key: Authorization
    ///   value: Bearer {{args.token}}
    /// args:
    /// - name: namespace
    /// - name: token
    ///   valueFrom:
    ///     secretKeyRef:
    ///       name: prometheus
    ///       key: token
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A secret that is the literal value of an argument is not seen.
    "plain-credential", "a secret is written in plain text",
    Limits, levels: [Warn],
    check: Check::Metric(check),
}

/// Headers whose value lets somebody in.
const HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "cookie",
];

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let Some(spec) = gate.spec() else {
        return;
    };
    for (path, field) in literals(spec) {
        // What is found is not repeated in the report.
        let place = gate.at(&path, field).unquoted();
        out.warn(place, format!("`{path}` holds a secret in plain text"))
            .help("write `{{args.…}}`, an argument with `valueFrom.secretKeyRef`");
    }
}

/// The settings that hold a secret without any placeholder, by their paths.
fn literals(spec: &QuerySpec) -> Vec<(String, &Field)> {
    let is_secret = |path: &str, field: &Field| match path {
        "authentication.basicAuth.password" | "authentication.oauth2.clientSecret" => true,
        "address" | "authentication.oauth2.tokenUrl" => has_password(&field.text),
        _ => path
            .strip_suffix(".value")
            .filter(|header| header.starts_with("headers["))
            .and_then(|header| spec.setting(&format!("{header}.key")))
            .is_some_and(|key| HEADERS.contains(&key.text.to_ascii_lowercase().as_str())),
    };
    let settings = spec.settings.iter().filter(|setting| {
        let field = &setting.field;
        is_secret(&setting.path, field)
            && !field.text.trim().is_empty()
            && Filled::new(&field.text, |_| None).pieces.is_empty()
    });
    settings
        .map(|setting| (setting.path.clone(), &setting.field))
        .collect()
}

/// `https://user:password@host`
fn has_password(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let userinfo = authority.rsplit_once('@').map(|(userinfo, _)| userinfo);
    userinfo
        .and_then(|userinfo| userinfo.split_once(':'))
        .is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn literal_secrets() {
        for (settings, expected) in [
            (
                "authentication: {basicAuth: {username: a, password: b}}",
                &["warn"][..],
            ),
            (
                "authentication: {basicAuth: {username: a, password: '{{args.p}}'}}",
                &[],
            ),
            (
                "authentication: {basicAuth: {username: a, password: '${P}'}}",
                &[],
            ),
            (
                "authentication: {oauth2: {tokenUrl: https://t.example, clientId: a, clientSecret: b}}",
                &["warn"],
            ),
            (
                "headers: [{key: authorization, value: Bearer x}]",
                &["warn"],
            ),
            (
                "headers: [{key: authorization, value: 'Bearer {{args.p}}'}]",
                &[],
            ),
            ("headers: [{key: X-Scope-OrgID, value: shop}]", &[]),
            ("address: https://a:b@p.example", &["warn"]),
            ("address: https://a@p.example", &[]),
            ("address: https://p.example/a:b@c", &[]),
            ("address: 'https://a:{{args.p}}@p.example'", &[]),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: up\n{settings}")),
                expected,
                "{settings}"
            );
        }
    }

    #[test]
    fn the_secret_is_not_repeated() {
        let said = said(
            super::RULE.name,
            "query: up\nheaders: [{key: Authorization, value: hunter2}]",
        );
        assert_eq!(said.len(), 1);
        assert!(!said[0].contains("hunter2"), "{said:?}");
    }
}
