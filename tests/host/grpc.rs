//! The host's side of the gRPC protocol: Argo's values into calls, as a controller that offers version 2 would.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::AnalysisRun;
use tokio::net::UnixStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use health::health_client::HealthClient;
use plugin::grpc_controller_client::GrpcControllerClient;
use wire::metric_provider_client::MetricProviderClient;

/// go-plugin's services.
#[allow(missing_docs, unreachable_pub, reason = "generated code")]
pub(crate) mod plugin {
    tonic::include_proto!("plugin");
}

/// The health check.
#[allow(missing_docs, unreachable_pub, reason = "generated code")]
pub(crate) mod health {
    tonic::include_proto!("grpc.health.v1");
}

/// The provider's service.
#[allow(missing_docs, unreachable_pub, reason = "generated code")]
pub(crate) mod wire {
    tonic::include_proto!("promqlguard.v1");
}

/// A host of one plugin; its calls may overlap.
#[derive(Clone)]
pub(crate) struct GrpcHost {
    channel: Channel,
}

impl GrpcHost {
    /// The host of a plugin that listens on `socket`.
    pub(crate) async fn connect(socket: &Path) -> Result<Self, Box<dyn Error>> {
        let socket = socket.to_owned();
        let channel = Endpoint::from_static("http://plugin")
            .connect_with_connector(service_fn(move |_| {
                let socket = socket.clone();
                async move { UnixStream::connect(socket).await.map(TokioIo::new) }
            }))
            .await?;
        Ok(Self { channel })
    }

    /// The connection, for what the methods below do not ask.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn provider(&self) -> MetricProviderClient<Channel> {
        // As go-plugin's client: no bound but the protocol's own.
        MetricProviderClient::new(self.channel()).max_decoding_message_size(i32::MAX as usize)
    }

    /// go-plugin's ping.
    pub(crate) async fn ping(&self) -> Result<(), Status> {
        let request = health::HealthCheckRequest {
            service: "plugin".to_owned(),
        };
        HealthClient::new(self.channel()).check(request).await?;
        Ok(())
    }

    /// InitPlugin: the plugin's refusal, if any.
    pub(crate) async fn init(&self) -> Result<Result<(), String>, Status> {
        let request = wire::InitPluginRequest {};
        let answer = self.provider().init_plugin(request).await?;
        Ok(refusal(answer.into_inner().error))
    }

    /// Run.
    pub(crate) async fn run(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
    ) -> Result<Measurement, Status> {
        let request = wire::RunRequest {
            analysis_run: run.map(run_message),
            metric: Some(metric_message(metric)),
        };
        Ok(measured(self.provider().run(request).await?.into_inner()))
    }

    /// Resume.
    pub(crate) async fn resume(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        measurement: &Measurement,
    ) -> Result<Measurement, Status> {
        let request = wire::ResumeRequest {
            analysis_run: run.map(run_message),
            metric: Some(metric_message(metric)),
            measurement: Some(measurement_message(measurement)),
        };
        Ok(measured(
            self.provider().resume(request).await?.into_inner(),
        ))
    }

    /// Terminate.
    pub(crate) async fn terminate(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        measurement: &Measurement,
    ) -> Result<Measurement, Status> {
        let request = wire::TerminateRequest {
            analysis_run: run.map(run_message),
            metric: Some(metric_message(metric)),
            measurement: Some(measurement_message(measurement)),
        };
        let answer = self.provider().terminate(request).await?;
        Ok(measured(answer.into_inner()))
    }

    /// GarbageCollect: the plugin's refusal, if any.
    pub(crate) async fn garbage_collect(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        limit: i64,
    ) -> Result<Result<(), String>, Status> {
        let request = wire::GarbageCollectRequest {
            analysis_run: run.map(run_message),
            metric: Some(metric_message(metric)),
            limit,
        };
        let answer = self.provider().garbage_collect(request).await?;
        Ok(refusal(answer.into_inner().error))
    }

    /// Type.
    pub(crate) async fn kind(&self) -> Result<String, Status> {
        let answer = self.provider().r#type(wire::TypeRequest {}).await?;
        Ok(answer.into_inner().r#type)
    }

    /// GetMetadata.
    pub(crate) async fn metadata(
        &self,
        metric: &Metric,
    ) -> Result<BTreeMap<String, String>, Status> {
        let request = wire::GetMetadataRequest {
            metric: Some(metric_message(metric)),
        };
        let answer = self.provider().get_metadata(request).await?;
        Ok(answer.into_inner().metadata)
    }

    /// Shutdown, which is answered before the plugin ends.
    pub(crate) async fn quit(&self) -> Result<(), Status> {
        GrpcControllerClient::new(self.channel())
            .shutdown(plugin::Empty {})
            .await?;
        Ok(())
    }
}

fn refusal(error: String) -> Result<(), String> {
    if error.is_empty() { Ok(()) } else { Err(error) }
}

fn run_message(run: &AnalysisRun) -> wire::AnalysisRun {
    let owners = run.owners.iter().map(|owner| wire::OwnerReference {
        kind: owner.kind.clone(),
        name: owner.name.clone(),
    });
    let args = run.args.iter().map(|argument| wire::Argument {
        name: argument.name.clone(),
        value: argument.value.clone(),
        value_from: argument.secret.then(|| wire::ValueFrom {
            secret_key_ref: Some(wire::SecretKeyRef::default()),
        }),
    });
    wire::AnalysisRun {
        metadata: Some(wire::ObjectMeta {
            name: run.name.clone(),
            namespace: run.namespace.clone(),
            creation_timestamp: run.created_at.map(time_message),
            labels: run.labels.clone(),
            annotations: run.annotations.clone(),
            owner_references: owners.collect(),
        }),
        spec: Some(wire::AnalysisRunSpec {
            args: args.collect(),
            dry_run: run
                .dry_run
                .iter()
                .map(|metric| dry_message(metric))
                .collect(),
        }),
        status: Some(wire::AnalysisRunStatus {
            metric_results: run.last_phases.iter().map(result_message).collect(),
            started_at: run.started_at.map(time_message),
        }),
    }
}

fn dry_message(metric: &str) -> wire::DryRun {
    wire::DryRun {
        metric_name: metric.to_owned(),
    }
}

fn result_message((metric, phase): (&String, &Phase)) -> wire::MetricResult {
    wire::MetricResult {
        name: metric.clone(),
        measurements: vec![wire::PastMeasurement {
            phase: phase.as_str().to_owned(),
        }],
    }
}

fn metric_message(metric: &Metric) -> wire::Metric {
    wire::Metric {
        name: metric.name.clone(),
        interval: metric.interval.clone(),
        initial_delay: metric.initial_delay.clone(),
        count: metric.count.map(integer_message),
        success_condition: metric.success_condition.clone(),
        failure_condition: metric.failure_condition.clone(),
        failure_limit: metric.failure_limit.map(integer_message),
        inconclusive_limit: metric.inconclusive_limit.map(integer_message),
        consecutive_error_limit: metric.consecutive_error_limit.map(integer_message),
        provider: Some(wire::Provider {
            plugin: metric.plugins.iter().cloned().collect(),
        }),
        consecutive_success_limit: metric.consecutive_success_limit.map(integer_message),
    }
}

fn measurement_message(measurement: &Measurement) -> wire::Measurement {
    wire::Measurement {
        phase: measurement.phase.as_str().to_owned(),
        message: measurement.message.clone(),
        started_at: measurement.started_at.map(time_message),
        finished_at: measurement.finished_at.map(time_message),
        value: measurement.value.clone(),
        metadata: measurement.metadata.clone(),
        resume_at: measurement.resume_at.map(time_message),
    }
}

/// As text, which holds every number.
fn integer_message(integer: i64) -> wire::IntOrString {
    wire::IntOrString {
        r#type: 1,
        int_val: 0,
        str_val: integer.to_string(),
    }
}

fn time_message(time: Timestamp) -> wire::Time {
    wire::Time {
        seconds: Some(time.as_second()),
        nanos: time.subsec_nanosecond(),
    }
}

fn measured(message: wire::Measurement) -> Measurement {
    Measurement {
        phase: Phase::from(message.phase.as_str()),
        message: message.message,
        started_at: message.started_at.map(time),
        finished_at: message.finished_at.map(time),
        value: message.value,
        metadata: message.metadata,
        resume_at: message.resume_at.map(time),
    }
}

fn time(message: wire::Time) -> Timestamp {
    Timestamp::new(message.seconds.unwrap_or_default(), message.nanos)
        .expect("the plugin writes times of the calendar")
}
