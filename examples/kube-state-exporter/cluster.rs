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
/// The canary's age where a history ends: between two restarts, the last one minutes ago.
const CANARY: Duration = Duration::from_secs(600);
/// The stable pods are older than any history.
const OLD: Duration = Duration::from_secs(24 * 3600);

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

#[derive(Clone)]
struct ReplicaSet {
    role: &'static str,
    namespace: String,
    hash: &'static str,
    pods: &'static [&'static str],
    state: State,
    /// The age of its pods where a history ends.
    age: Duration,
}

/// One metric of kube-state-metrics.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    /// Whether it speaks of a container or of the pod.
    is_of_container: bool,
    value: fn(State, Duration) -> u64,
}

const FAMILIES: [Family; 3] = [
    Family {
        name: "kube_pod_info",
        kind: "gauge",
        help: "[STABLE] Information about pod.",
        is_of_container: false,
        value: |_, _| 1,
    },
    Family {
        name: "kube_pod_container_status_ready",
        kind: "gauge",
        help: "[STABLE] Describes whether the containers readiness check succeeded.",
        is_of_container: true,
        value: |state, _| u64::from(state == State::Healthy),
    },
    Family {
        name: "kube_pod_container_status_restarts_total",
        kind: "counter",
        help: "[STABLE] The number of container restarts per container.",
        is_of_container: true,
        value: |state, age| match state {
            State::CrashLooping => restarts(age),
            State::Healthy | State::Absent => 0,
        },
    },
];

/// A series' name, its labels and what it reads.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) value: u64,
}

/// Both namespaces at `setWeight: 33`: with 1 replica that is 1 stable and 1 canary pod, with 4 it is 3 and 2.
#[derive(Clone)]
pub(crate) struct Cluster {
    replica_sets: Vec<ReplicaSet>,
}

impl Default for Cluster {
    fn default() -> Self {
        let set = |role, namespace: &str, hash, pods, age| ReplicaSet {
            role,
            namespace: namespace.to_owned(),
            hash,
            pods,
            state: State::Healthy,
            age,
        };
        let stable = |namespace, pods| set("stable", namespace, "6fdd67656d", pods, OLD);
        let canary = |namespace, pods| set("canary", namespace, "5478f49d8b", pods, CANARY);
        Self {
            replica_sets: vec![
                stable("echo-staging", &["ztlkr"]),
                canary("echo-staging", &["q7k2m"]),
                stable("echo-prod", &["4xw9c", "b8n5t", "m2vjd"]),
                canary("echo-prod", &["f6r8h", "xg5lp"]),
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
            if set.role == role && namespace.is_none_or(|name| set.namespace == name) {
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

    /// Adds a copy of a namespace in which the canary is `age` old; it is called `<namespace>-<seconds>s`.
    pub(crate) fn add_instant(&mut self, namespace: &str, age: Duration) {
        let copies: Vec<_> = self
            .replica_sets
            .iter()
            .filter(|set| set.namespace == namespace)
            .map(|set| ReplicaSet {
                namespace: format!("{namespace}-{}s", age.as_secs()),
                age: if set.role == "canary" { age } else { set.age },
                ..set.clone()
            })
            .collect();
        self.replica_sets.extend(copies);
    }

    /// The metrics in Prometheus's text format when the pods are `age` old.
    pub(crate) fn metrics(&self, age: Duration) -> String {
        let mut text = String::new();
        for family in &FAMILIES {
            let Family {
                name, kind, help, ..
            } = family;
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for Sample { labels, value, .. } in self.samples_of(family, |_| Some(age)) {
                let labels: Vec<_> = labels
                    .iter()
                    .map(|(label, value)| format!("{label}=\"{value}\""))
                    .collect();
                let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
            }
        }
        text
    }

    /// What a scrape reads `before` the history's end, or `after` it; pods that are not born yet have no series.
    pub(crate) fn samples(&self, before: Duration, after: Duration) -> Vec<Sample> {
        FAMILIES
            .iter()
            .flat_map(|family| self.samples_of(family, |set| (set.age + after).checked_sub(before)))
            .collect()
    }

    fn samples_of(
        &self,
        family: &Family,
        age: impl Fn(&ReplicaSet) -> Option<Duration>,
    ) -> Vec<Sample> {
        let there = self
            .replica_sets
            .iter()
            .filter(|set| set.state != State::Absent);
        there
            .filter_map(|set| Some((set, age(set)?)))
            .flat_map(|(set, age)| {
                set.pods.iter().map(move |suffix| Sample {
                    name: family.name,
                    labels: labels(set, suffix, family.is_of_container),
                    value: (family.value)(set.state, age),
                })
            })
            .collect()
    }
}

fn labels(set: &ReplicaSet, suffix: &str, is_of_container: bool) -> Vec<(&'static str, String)> {
    let (namespace, hash) = (&set.namespace, set.hash);
    let mut labels = vec![
        ("namespace", namespace.clone()),
        ("pod", format!("echo-server-{hash}-{suffix}")),
        // Any text that tells the pods apart will do: nothing here reads a uid.
        ("uid", format!("{namespace}-{hash}-{suffix}")),
    ];
    if is_of_container {
        labels.push(("container", "echo-server".to_owned()));
    } else {
        labels.push(("created_by_kind", "ReplicaSet".to_owned()));
        labels.push(("created_by_name", format!("echo-server-{hash}")));
    }
    labels
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
    fn a_history_begins_with_the_stable_pods_alone() {
        let mut cluster = Cluster::default();
        cluster
            .set("canary", "echo-prod=crash-looping")
            .expect("known words");
        cluster.add_instant("echo-prod", Duration::from_secs(100));
        let read = |namespace: &str, before, after| {
            let samples = cluster.samples(Duration::from_secs(before), Duration::from_secs(after));
            let of_restarts = samples.into_iter().filter(|sample| {
                sample.name == "kube_pod_container_status_restarts_total"
                    && sample.labels.contains(&("namespace", namespace.to_owned()))
            });
            let values: Vec<_> = of_restarts.map(|sample| sample.value).collect();
            values
        };
        for (namespace, before, after, expected) in [
            ("echo-prod", 601, 0, vec![0, 0, 0]),
            ("echo-prod", 600, 0, vec![0, 0, 0, 0, 0]),
            ("echo-prod", 0, 0, vec![0, 0, 0, 6, 6]),
            ("echo-prod", 0, 24, vec![0, 0, 0, 7, 7]),
            ("echo-prod-100s", 101, 0, vec![0, 0, 0]),
            ("echo-prod-100s", 0, 0, vec![0, 0, 0, 4, 4]),
            ("echo-staging", 601, 0, vec![0]),
            ("echo-staging", 0, 0, vec![0, 0]),
            ("echo-staging-100s", 0, 0, vec![]),
        ] {
            assert_eq!(
                read(namespace, before, after),
                expected,
                "{namespace}, {before} s before, {after} s after the end"
            );
        }
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
