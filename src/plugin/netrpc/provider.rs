//! The plugin's stream: the seven methods into calls of the provider.
//!
//! argo-rollouts `metricproviders/plugin/rpc/rpc.go` (`MetricsRPCServer`). The body is always an interface value; what
//! `InitPlugin` and `Type` hold in it is not looked at.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;

use super::calls::{Answering, CallError, Outcome, Service};
use super::control::unknown;
use super::messages::{Arguments, Reply, arguments};
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::provider::MetricProvider;
use crate::gob::value::Value;

/// `Plugin`
pub(super) struct Provider<P>(pub(super) Arc<P>);

impl<P: MetricProvider> Service for Provider<P> {
    fn call(&self, method: &str, body: Value) -> Answering {
        let provider = self.0.clone();
        let split = method.rsplit_once('.');
        let Some(("Plugin", name)) = split else {
            return Answering::Now(Err(unknown(method, split, &["Plugin"])));
        };
        let held = |expected| held(method, body, expected);
        match name {
            "InitPlugin" => answer(method, async move { Reply::outcome(provider.init()) }),
            "Type" => answer(method, async move { Reply::text(provider.kind()) }),
            "Run" => with(held("`RunArgs`"), |args| {
                measure(async move { provider.run(args.run, args.metric).await })
            }),
            "Resume" => with(held("`TerminateAndResumeArgs`"), |args| {
                let Arguments { run, metric, measurement, .. } = args;
                measure(async move { provider.resume(run, metric, measurement).await })
            }),
            "Terminate" => with(held("`TerminateAndResumeArgs`"), |args| {
                let Arguments { run, metric, measurement, .. } = args;
                measure(async move { provider.terminate(run, metric, measurement).await })
            }),
            "GarbageCollect" => with(held("`GarbageCollectArgs`"), |args| {
                let Arguments { run, metric, limit, .. } = args;
                answer(method, async move {
                    Reply::outcome(provider.garbage_collect(run, metric, limit).await)
                })
            }),
            "GetMetadata" => with(held("`GetMetadataArgs`"), |args| {
                answer(method, async move { Reply::texts(provider.metadata(&args.metric)) })
            }),
            _ => Answering::Now(Err(unknown(method, split, &["Plugin"]))),
        }
    }
}

/// The arguments that the body's interface holds.
fn held(method: &str, body: Value, expected: &'static str) -> Result<Arguments, CallError> {
    let found = match body {
        Value::Interface(Some(named)) => match named.value {
            Value::Struct(fields) => {
                return arguments(fields).map_err(|source| CallError::Field {
                    method: method.to_owned(),
                    source,
                });
            }
            _ => format!("`{}`", named.name),
        },
        Value::Interface(None) => "nil".to_owned(),
        other => other.kind().to_owned(),
    };
    Err(CallError::Body {
        method: method.to_owned(),
        expected,
        found,
    })
}

fn with(
    arguments: Result<Arguments, CallError>,
    call: impl FnOnce(Arguments) -> Answering,
) -> Answering {
    arguments.map_or_else(|error| Answering::Now(Err(error)), call)
}

/// A call whose panic is an error of the call.
fn answer(method: &str, call: impl Future<Output = Reply> + Send + 'static) -> Answering {
    let method = method.to_owned();
    later(async move { caught(call).await.ok_or(CallError::Panic { method }) })
}

/// A call whose panic is an `Error` measurement.
fn measure(call: impl Future<Output = Measurement> + Send + 'static) -> Answering {
    later(async move {
        let started = Timestamp::now();
        let measurement = caught(call).await.unwrap_or_else(|| Measurement {
            phase: Phase::Error,
            message: "the plugin panicked; its log says where".to_owned(),
            started_at: Some(started),
            finished_at: Some(Timestamp::now()),
            ..Measurement::default()
        });
        Ok(Reply::measurement(measurement))
    })
}

fn later(call: impl Future<Output = Outcome> + Send + 'static) -> Answering {
    Answering::Later(Box::pin(call) as Pin<Box<dyn Future<Output = Outcome> + Send>>)
}

/// None: it panicked. What it shares with other calls stands behind locks, which tell their own breaking.
async fn caught<T>(call: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(call).catch_unwind().await.ok()
}
