//! What the process inherits: the default address, proxies, AWS credentials, whether colours are wanted.

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
