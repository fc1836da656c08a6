//! A template's metrics into news of their measurements, in the order and at the times of Argo's controller
//! (`analysis/analysis.go`, `generateMetricTasks` and `runMeasurements`).
//!
//! All metrics go side by side. A measurement that comes back `Running` is gone on with at its `resumeAt`; a metric that
//! ends badly ends the others: one that waits for its next measurement at once, one that waits for data by Terminate.
//! What is printed of it is made elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::board::{Event, News};
use crate::analysis::limits::{Assessment, Tally};
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::provider::MetricProvider;
use crate::analysis::run::AnalysisRun;
use crate::text::duration::parse_go_duration;

/// Between two Resumes at least, whatever the provider asks for.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a metric is over that no limit ended.
const EARLY: &str = "ended early: another metric was not successful";

/// An analysis that goes on until all metrics are over; dropped, it ends where it stands.
pub(super) struct Following {
    news: mpsc::UnboundedReceiver<News>,
    tasks: JoinSet<()>,
}

impl Following {
    /// Begins to measure `metrics`, those that are told to be dry among them: they decide nothing.
    pub(super) fn begin<P: MetricProvider>(
        provider: P,
        run: AnalysisRun,
        metrics: impl IntoIterator<Item = (Metric, Weight)>,
    ) -> Following {
        let (told, news) = mpsc::unbounded_channel();
        let (is_over, _) = watch::channel(false);
        let analysis = Arc::new(Analysis {
            provider,
            last_phases: Mutex::new(run.last_phases.clone()),
            run,
            is_over,
            begun: Instant::now(),
            told,
        });
        let mut tasks = JoinSet::new();
        for (index, (metric, weight)) in metrics.into_iter().enumerate() {
            tasks.spawn(analysis.clone().measure(index, metric, weight));
        }
        Following { news, tasks }
    }

    /// The next news; none once all metrics are over. The error of a measurement that ended in a panic.
    pub(super) async fn next(&mut self) -> Result<Option<News>, tokio::task::JoinError> {
        if let Some(news) = self.news.recv().await {
            return Ok(Some(news));
        }
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(None)
    }
}

/// Whether a metric's end counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It does.
    Decides,
    /// It is measured, but what comes of it decides nothing.
    Dry,
}

struct Analysis<P> {
    provider: P,
    run: AnalysisRun,
    last_phases: Mutex<BTreeMap<String, Phase>>,
    is_over: watch::Sender<bool>,
    begun: Instant,
    told: mpsc::UnboundedSender<News>,
}

impl<P: MetricProvider> Analysis<P> {
    async fn measure(self: Arc<Self>, index: usize, metric: Metric, weight: Weight) {
        let mut tally = Tally::default();
        let mut pause = initial_delay(&metric);
        let (phase, message) = loop {
            if !self.pause(index, pause).await {
                break (Phase::Successful, EARLY.to_owned());
            }
            let measurement = self.one(index, &metric).await;
            let phase = measurement.phase.clone();
            self.tell(index, Event::Measured(measurement));
            tally.add(&phase);
            match tally.assess(&metric, &phase) {
                Assessment::Again(next) => pause = next,
                Assessment::Over(phase, message) => break (phase, message),
            }
        };
        if phase != Phase::Successful && weight == Weight::Decides {
            self.is_over.send_replace(true);
        }
        self.tell(index, Event::Over(phase, message));
    }

    /// One measurement from its Run to its end.
    async fn one(&self, index: usize, metric: &Metric) -> Measurement {
        self.tell(index, Event::Asked);
        let mut found = self.provider.run(self.run_now(), metric.clone()).await;
        while found.phase == Phase::Running {
            self.note(metric, &found.phase);
            self.tell(index, Event::Waits(found.clone()));
            let provider = &self.provider;
            if self.pause(index, until_resumed(&found)).await {
                self.tell(index, Event::Asked);
                found = provider.resume(self.run_now(), metric.clone(), found).await;
            } else {
                found = provider
                    .terminate(self.run_now(), metric.clone(), found)
                    .await;
                if found.phase == Phase::Running {
                    // Argo would ask again without end.
                    found.phase = Phase::Error;
                }
            }
        }
        self.note(metric, &found.phase);
        found
    }

    /// Waits, and says whether the analysis still goes on.
    async fn pause(&self, index: usize, pause: Duration) -> bool {
        self.tell(index, Event::Next(self.begun.elapsed() + pause));
        let mut is_over = self.is_over.subscribe();
        tokio::time::timeout(pause, is_over.wait_for(|is_over| *is_over))
            .await
            .is_err()
    }

    /// The run as the controller would send it.
    fn run_now(&self) -> Option<AnalysisRun> {
        let last_phases = self.last_phases.lock();
        let last_phases = last_phases.unwrap_or_else(PoisonError::into_inner).clone();
        Some(AnalysisRun {
            last_phases,
            ..self.run.clone()
        })
    }

    fn note(&self, metric: &Metric, phase: &Phase) {
        let last_phases = self.last_phases.lock();
        last_phases
            .unwrap_or_else(PoisonError::into_inner)
            .insert(metric.name.clone(), phase.clone());
    }

    fn tell(&self, metric: usize, event: Event) {
        let at = self.begun.elapsed();
        // Nobody listens any more where the analysis was interrupted.
        let _ = self.told.send(News { metric, at, event });
    }
}

fn initial_delay(metric: &Metric) -> Duration {
    let nanoseconds = parse_go_duration(&metric.initial_delay).unwrap_or(0);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

fn until_resumed(measurement: &Measurement) -> Duration {
    let left = measurement
        .resume_at
        .map(|at| at.duration_since(Timestamp::now()))
        .and_then(|left| Duration::try_from(left).ok());
    left.unwrap_or(PAUSE).max(PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers as a script for each metric says, a word a call: `S F I E` or `R`; what Terminate answers is after `/`.
    struct Scripted {
        scripts: BTreeMap<&'static str, &'static str>,
        calls: Mutex<BTreeMap<String, AtomicUsize>>,
        heard: Arc<Mutex<Vec<String>>>,
    }

    impl Scripted {
        fn next(&self, how: &str, run: Option<AnalysisRun>, metric: &Metric) -> Measurement {
            let (script, _) = self.scripts[&*metric.name].split_once('/').expect("a `/`");
            let mut calls = self.calls.lock().expect("no panic");
            let call = calls.entry(metric.name.clone()).or_default();
            let at = call.fetch_add(1, Ordering::Relaxed);
            let phases = run.expect("a run").last_phases;
            let heard = format!("{how} {} {:?}", metric.name, phases.get(&metric.name));
            self.heard.lock().expect("no panic").push(heard);
            measurement(script.chars().nth(at).expect("a call less"))
        }
    }

    fn measurement(letter: char) -> Measurement {
        let phase = match letter {
            'S' => Phase::Successful,
            'F' => Phase::Failed,
            'I' => Phase::Inconclusive,
            'R' => Phase::Running,
            _ => Phase::Error,
        };
        Measurement {
            resume_at: (letter == 'R')
                .then(|| Timestamp::now() + jiff::SignedDuration::from_secs(15)),
            phase,
            ..Measurement::default()
        }
    }

    impl MetricProvider for Scripted {
        fn init(&self) -> Result<(), String> {
            Ok(())
        }

        async fn run(&self, run: Option<AnalysisRun>, metric: Metric) -> Measurement {
            self.next("run", run, &metric)
        }

        async fn resume(
            &self,
            run: Option<AnalysisRun>,
            metric: Metric,
            _: Measurement,
        ) -> Measurement {
            self.next("resume", run, &metric)
        }

        async fn terminate(
            &self,
            _: Option<AnalysisRun>,
            metric: Metric,
            _: Measurement,
        ) -> Measurement {
            let (_, letters) = self.scripts[&*metric.name].split_once('/').expect("a `/`");
            measurement(letters.chars().next().expect("an answer to Terminate"))
        }

        async fn garbage_collect(
            &self,
            _: Option<AnalysisRun>,
            _: Metric,
            _: i64,
        ) -> Result<(), String> {
            Ok(())
        }

        fn kind(&self) -> String {
            String::new()
        }

        fn metadata(&self, _: &Metric) -> BTreeMap<String, String> {
            BTreeMap::new()
        }
    }

    fn metric(name: &str, count: i64) -> Metric {
        Metric {
            name: name.to_owned(),
            interval: "30s".to_owned(),
            count: Some(count),
            ..Metric::default()
        }
    }

    /// What is told but for the pauses, a line a piece, and the runs that the calls were made with.
    async fn followed(
        scripts: &[(&'static str, &'static str)],
        metrics: Vec<(Metric, Weight)>,
    ) -> (String, Vec<String>) {
        let heard = Arc::default();
        let provider = Scripted {
            scripts: scripts.iter().copied().collect(),
            calls: Mutex::default(),
            heard: Arc::clone(&heard),
        };
        let names: Vec<_> = metrics.iter().map(|(one, _)| one.name.clone()).collect();
        let mut following = Following::begin(provider, AnalysisRun::default(), metrics);
        let mut told = String::new();
        while let Some(News { metric, at, event }) = following.next().await.expect("no panic") {
            let what = match event {
                Event::Next(_) | Event::Asked => continue,
                Event::Waits(_) => "waits".to_owned(),
                Event::Measured(measurement) => measurement.phase.to_string(),
                Event::Over(phase, message) => format!("over: {phase} {message}"),
            };
            let line = format!("{:.0}s {} {what}", at.as_secs_f64(), names[metric]);
            told.push_str(line.trim_end());
            told.push('\n');
        }
        let heard = heard.lock().expect("no panic").clone();
        (told, heard)
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_gone_on_with_and_counts_once() {
        let (told, heard) =
            followed(&[("m", "RRSES/")], vec![(metric("m", 2), Weight::Decides)]).await;
        let expected = "0s m waits
15s m waits
30s m Successful
60s m Error
70s m Successful
70s m over: Successful
";
        assert_eq!(told, expected);
        assert_eq!(
            heard,
            [
                "run m None",
                "resume m Some(Running)",
                "resume m Some(Running)",
                "run m Some(Successful)",
                "run m Some(Error)",
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_ends_badly_ends_the_others() {
        let late = Metric {
            initial_delay: "10s".to_owned(),
            ..metric("bad", 1)
        };
        let lenient = Metric {
            inconclusive_limit: Some(1),
            ..metric("lenient", 3)
        };
        let metrics = vec![
            (late, Weight::Decides),
            (metric("waits", 1), Weight::Decides),
            (lenient, Weight::Decides),
            (metric("pauses", 2), Weight::Decides),
            (metric("stuck", 1), Weight::Decides),
        ];
        let scripts = [
            ("bad", "F/"),
            ("waits", "R/I"),
            ("lenient", "R/I"),
            ("pauses", "S/"),
            ("stuck", "R/R"),
        ];
        let (told, _) = followed(&scripts, metrics).await;
        let mut lines: Vec<_> = told.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "0s lenient waits",
                "0s pauses Successful",
                "0s stuck waits",
                "0s waits waits",
                "10s bad Failed",
                "10s bad over: Failed failed (1) > failureLimit (0)",
                "10s lenient Inconclusive",
                &format!("10s lenient over: Successful {EARLY}"),
                &format!("10s pauses over: Successful {EARLY}"),
                "10s stuck Error",
                &format!("10s stuck over: Successful {EARLY}"),
                "10s waits Inconclusive",
                "10s waits over: Inconclusive inconclusive (1) > inconclusiveLimit (0)",
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_dry_run_ends_nobody() {
        let metrics = vec![
            (metric("dry", 1), Weight::Dry),
            (metric("m", 2), Weight::Decides),
        ];
        let (told, _) = followed(&[("dry", "F/"), ("m", "SS/")], metrics).await;
        assert!(told.ends_with("30s m over: Successful\n"), "{told}");
    }
}
