//! What the process inherits: the default address, proxies, AWS credentials, whether colours are wanted, which characters
//! the terminal has.

use crate::measure::surroundings::Surroundings;
use crate::prometheus::{AwsEnvironment, Proxies};

/// Reads the environment, once.
pub(super) fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // Go takes the upper-case name first.
    let either = |name: &str| variable(name).or_else(|| variable(&name.to_lowercase()));
    Surroundings {
        default_address: variable("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"),
        proxies: Proxies {
            http: either("HTTP_PROXY"),
            https: either("HTTPS_PROXY"),
            no_proxy: either("NO_PROXY"),
        },
        aws: AwsEnvironment::from_lookup(variable),
    }
}

/// Whether colours are not wanted, whatever looks on (no-color.org: any text but an empty one).
pub(super) fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether the locale's characters are Unicode's (POSIX, "Environment Variables": the first of the three that is set).
pub(super) fn is_unicode() -> bool {
    let set = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
