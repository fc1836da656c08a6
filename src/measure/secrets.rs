//! Settings into the texts that must not be shown: passwords, tokens, the userinfo of addresses.

use url::Url;

use crate::analysis::settings::{Authentication, Settings};

/// What `settings` and the address hold that is secret, whether or not it came from a Secret.
pub(super) fn secrets_of(settings: &Settings, address: Option<&Url>) -> Vec<String> {
    let mut secrets = Vec::new();
    match &settings.authentication {
        Authentication::Basic { password, .. } => secrets.push(password.clone()),
        Authentication::OAuth2 { client_secret, .. } => secrets.push(client_secret.clone()),
        Authentication::None | Authentication::SigV4 { .. } | Authentication::Bearer { .. } => {}
    }
    let shown = ["authorization", "cookie", "token", "key", "secret"];
    for header in &settings.headers {
        let name = header.key.to_lowercase();
        if shown.iter().any(|word| name.contains(word)) {
            secrets.push(header.value.clone());
            secrets.extend(
                header
                    .value
                    .split_once(' ')
                    .map(|(_, credentials)| credentials.to_owned()),
            );
        }
    }
    for url in [address, settings.authentication.token_url()]
        .into_iter()
        .flatten()
    {
        secrets.extend(userinfo(url));
    }
    secrets
}

/// The password of an address, or its user where that is all there is, as written and decoded.
fn userinfo(url: &Url) -> Vec<String> {
    let Some(secret) = url
        .password()
        .or(Some(url.username()))
        .filter(|text| !text.is_empty())
    else {
        return Vec::new();
    };
    let decoded =
        url::form_urlencoded::parse(format!("k={}", secret.replace('+', "%2B")).as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect::<String>();
    vec![secret.to_owned(), decoded]
}
