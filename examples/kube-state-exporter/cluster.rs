//! The pods of a Rollout in two namespaces, halfway through a canary, as the text that kube-state-metrics would expose.
//!
//! Metric names, types and labels are kube-state-metrics' own (docs/metrics/workload/pod-metrics.md). Without an allow
//! list it exposes no label of a pod, so the only sign of a pod's ReplicaSet is its name: `<rollout>-<hash>-<suffix>`.

use std::fmt::Write;
use std::time::Duration;

/// How long the broken container runs before it ends.
const RUN: Duration = Duration::from_secs(2);
/// The kubelet's first wait before a restart; it doubles with each further one.
const FIRST_BACK_OFF: Duration = Duration::from_secs(10);
/// The kubelet's longest wait.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(300);

/// What a ReplicaSet's containers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Ready, never restarted.
    Healthy,
    /// Never ready, restarted after each [`RUN`] with the kubelet's back-off.
    CrashLooping,
    /// There is no pod.
    Absent,
}

struct ReplicaSet {
    role: &'static str,
    namespace: &'static str,
    hash: &'static str,
    pods: &'static [&'static str],
    state: State,
}

/// Both namespaces at `setWeight: 33`: with 1 replica that is 1 stable and 1 canary pod, with 4 it is 3 and 2.
pub(crate) struct Cluster {
    replica_sets: Vec<ReplicaSet>,
}

impl Default for Cluster {
    fn default() -> Self {
        let set = |role, namespace, hash, pods| ReplicaSet {
            role,
            namespace,
            hash,
            pods,
            state: State::Healthy,
        };
        Self {
            replica_sets: vec![
                set("stable", "echo-staging", "6fdd67656d", &["ztlkr"]),
                set("canary", "echo-staging", "5478f49d8b", &["q7k2m"]),
                set(
                    "stable",
                    "echo-prod",
                    "6fdd67656d",
                    &["4xw9c", "b8n5t", "m2vjd"],
                ),
                set("canary", "echo-prod", "5478f49d8b", &["f6r8h", "xg5lp"]),
            ],
        }
    }
}

impl Cluster {
    /// Sets the state of the `stable` or the `canary` pods from `STATE` or `NAMESPACE=STATE`.
    ///
    /// # Errors
    /// A sentence about the word that is not known.
    pub(crate) fn set(&mut self, role: &str, text: &str) -> Result<(), String> {
        let (namespace, word) = match text.split_once('=') {
            Some((namespace, word)) => (Some(namespace), word),
            None => (None, text),
        };
        let state = match word {
            "healthy" => State::Healthy,
            "crash-looping" => State::CrashLooping,
            "absent" => State::Absent,
            _ => {
                return Err(format!(
                    "expected healthy, crash-looping or absent, found `{word}`"
                ));
            }
        };
        let mut found = false;
        for set in &mut self.replica_sets {
            if set.role == role && namespace.is_none_or(|name| name == set.namespace) {
                set.state = state;
                found = true;
            }
        }
        if found {
            Ok(())
        } else {
            Err(format!(
                "no namespace `{}`; there are echo-staging and echo-prod",
                namespace.unwrap_or_default()
            ))
        }
    }

    /// The metrics in Prometheus's text format when the pods are `age` old.
    pub(crate) fn metrics(&self, age: Duration) -> String {
        let mut text = String::new();
        let mut family =
            |name: &str, kind: &str, help: &str, sample: &dyn Fn(&ReplicaSet, &str) -> String| {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
                for set in self
                    .replica_sets
                    .iter()
                    .filter(|set| set.state != State::Absent)
                {
                    for suffix in set.pods {
                        let _ = writeln!(text, "{name}{{{}", sample(set, suffix));
                    }
                }
            };
        family(
            "kube_pod_info",
            "gauge",
            "[STABLE] Information about pod.",
            &|set, suffix| {
                format!(
                    "{},created_by_kind=\"ReplicaSet\",created_by_name=\"echo-server-{}\"}} 1",
                    identity(set, suffix),
                    set.hash
                )
            },
        );
        family(
            "kube_pod_container_status_ready",
            "gauge",
            "[STABLE] Describes whether the containers readiness check succeeded.",
            &|set, suffix| {
                format!(
                    "{}}} {}",
                    container(set, suffix),
                    u8::from(set.state == State::Healthy)
                )
            },
        );
        family(
            "kube_pod_container_status_restarts_total",
            "counter",
            "[STABLE] The number of container restarts per container.",
            &|set, suffix| {
                let count = if set.state == State::CrashLooping {
                    restarts(age)
                } else {
                    0
                };
                format!("{}}} {count}", container(set, suffix))
            },
        );
        text
    }
}

fn identity(set: &ReplicaSet, suffix: &str) -> String {
    // Any text that tells the pods apart will do: nothing here reads a uid.
    let uid = format!("{}-{}-{suffix}", set.namespace, set.hash);
    format!(
        "namespace=\"{}\",pod=\"echo-server-{}-{suffix}\",uid=\"{uid}\"",
        set.namespace, set.hash
    )
}

fn container(set: &ReplicaSet, suffix: &str) -> String {
    format!("{},container=\"echo-server\"", identity(set, suffix))
}

/// How often a container that only ever runs for [`RUN`] was started again by the age of `age`.
///
/// The first restart is immediate; the later ones wait as the kubelet does.
fn restarts(age: Duration) -> u64 {
    let mut next = RUN;
    let mut back_off = FIRST_BACK_OFF;
    let mut count = 0;
    while next <= age {
        count += 1;
        next += RUN + back_off;
        back_off = (back_off * 2).min(LONGEST_BACK_OFF);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_follow_the_kubelets_back_off() {
        for (age, expected) in [
            (0.0, 0),
            (1.9, 0),
            (2.0, 1),
            (13.9, 1),
            (14.0, 2),
            (36.0, 3),
            (78.0, 4),
            (160.0, 5),
            (322.0, 6),
            (623.9, 6),
            (624.0, 7),
            (926.0, 8),
        ] {
            assert_eq!(
                restarts(Duration::from_secs_f64(age)),
                expected,
                "at {age} s"
            );
        }
    }

    #[test]
    fn only_the_named_pods_change() {
        let mut cluster = Cluster::default();
        cluster
            .set("canary", "echo-prod=crash-looping")
            .expect("known words");
        cluster
            .set("stable", "echo-staging=absent")
            .expect("known words");
        let text = cluster.metrics(Duration::from_secs(20));
        let value = |start: &str, pod: &str| {
            text.lines()
                .find(|line| line.starts_with(start) && line.contains(pod))
                .and_then(|line| line.rsplit(' ').next())
        };
        let restarts = "kube_pod_container_status_restarts_total{namespace=\"echo-prod\"";
        let ready = "kube_pod_container_status_ready{namespace=\"echo-prod\"";
        assert_eq!(value(restarts, "5478f49d8b-f6r8h"), Some("2"));
        assert_eq!(value(ready, "5478f49d8b-f6r8h"), Some("0"));
        assert_eq!(value(restarts, "6fdd67656d-4xw9c"), Some("0"));
        assert_eq!(value(ready, "6fdd67656d-4xw9c"), Some("1"));
        let staging = "kube_pod_info{namespace=\"echo-staging\"";
        assert_eq!(value(staging, "6fdd67656d-ztlkr"), None);
        assert_eq!(value(staging, "5478f49d8b-q7k2m"), Some("1"));
    }

    #[test]
    fn an_unknown_word_is_told() {
        for (text, expected) in [
            (
                "sleepy",
                "expected healthy, crash-looping or absent, found `sleepy`",
            ),
            (
                "echo-dev=absent",
                "no namespace `echo-dev`; there are echo-staging and echo-prod",
            ),
        ] {
            assert_eq!(
                Cluster::default().set("canary", text),
                Err(expected.to_owned())
            );
        }
    }
}
