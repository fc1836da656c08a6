//! What the process inherits: the default address, proxies, AWS credentials.

use crate::measure::provider::Surroundings;
use crate::prometheus::{AwsEnvironment, Proxies};

/// Reads the environment, once.
pub(super) fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Surroundings {
        default_address: variable("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"),
        proxies: Proxies::from_lookup(variable),
        aws: AwsEnvironment::from_lookup(variable),
    }
}
