//! What the controller asks a metric provider: the one trait behind both protocols.

use std::collections::BTreeMap;
use std::future::Future;

use crate::analysis::measurement::Measurement;
use crate::analysis::metric::Metric;
use crate::analysis::run::AnalysisRun;

/// Argo's `MetricProvider` interface (`metricproviders/plugin/rpc/rpc.go`, unchanged since 1.5.0).
///
/// A call that measures always answers with a measurement: what went wrong is an `Error` phase with a message.
pub trait MetricProvider: Send + Sync + 'static {
    /// Asked once after the start; the controller forgets a refusal at the next call, so each call must check again.
    fn init(&self) -> Result<(), String>;

    /// Begins a measurement. A run of `None` is answered with an `Error` measurement.
    fn run(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
    ) -> impl Future<Output = Measurement> + Send;

    /// Goes on with a measurement that was `Running`.
    fn resume(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        measurement: Measurement,
    ) -> impl Future<Output = Measurement> + Send;

    /// Ends a measurement that was `Running`.
    fn terminate(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        measurement: Measurement,
    ) -> impl Future<Output = Measurement> + Send;

    /// Told that all but the last `limit` measurements are forgotten; the metric's secrets are not filled in.
    fn garbage_collect(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        limit: i64,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// The provider's name.
    fn kind(&self) -> String;

    /// What is written once into the metric's result; asked after the first measurement, without the run.
    fn metadata(&self, metric: &Metric) -> BTreeMap<String, String>;
}
