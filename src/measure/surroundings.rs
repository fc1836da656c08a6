//! What the process was given by those who started it, as plain values.

use crate::prometheus::{AwsEnvironment, Proxies};

/// What the process was given by those who started it, beside the policy.
#[derive(Default)]
pub struct Surroundings {
    /// The address for settings that give none (`ARGO_ROLLOUTS_PROMETHEUS_ADDRESS`).
    pub default_address: Option<String>,
    /// The proxies of the environment.
    pub proxies: Proxies,
    /// Where ambient AWS credentials come from.
    pub aws: AwsEnvironment,
}
