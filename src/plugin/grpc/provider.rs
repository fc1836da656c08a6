//! Calls of the service `promqlguard.v1.MetricProvider` into calls on the provider, each on its own.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::connection::seen;
use super::messages::{self, MessageError};
use super::wire::promqlguard as wire;
use super::wire::promqlguard::metric_provider_server as server;
use crate::analysis::provider::MetricProvider;
use crate::plugin::calls::{self, Panicked};
use crate::text::chain::chain;

/// The provider behind the service.
pub(super) struct Service<P> {
    provider: Arc<P>,
}

/// The service for `provider`, which reads messages up to `max_message` bytes.
pub(super) fn service<P: MetricProvider>(
    provider: Arc<P>,
    max_message: usize,
) -> server::MetricProviderServer<Service<P>> {
    server::MetricProviderServer::new(Service { provider }).max_decoding_message_size(max_message)
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl<P: MetricProvider> server::MetricProvider for Service<P> {
    async fn init_plugin(
        &self,
        request: Request<wire::InitPluginRequest>,
    ) -> Answer<wire::InitPluginResponse> {
        seen(&request);
        let outcome = calls::catch("InitPlugin", async { self.provider.init() }).await?;
        Ok(Response::new(wire::InitPluginResponse {
            error: outcome.err().unwrap_or_default(),
        }))
    }

    async fn run(&self, request: Request<wire::RunRequest>) -> Answer<wire::Measurement> {
        seen(&request);
        let request = request.into_inner();
        let run = messages::run(request.analysis_run)?;
        let metric = messages::metric(request.metric);
        let call = async { self.provider.run(run, metric).await };
        Ok(Response::new(calls::measure("Run", call).await.into()))
    }

    async fn resume(&self, request: Request<wire::ResumeRequest>) -> Answer<wire::Measurement> {
        seen(&request);
        let request = request.into_inner();
        let run = messages::run(request.analysis_run)?;
        let metric = messages::metric(request.metric);
        let measurement = messages::measurement(request.measurement)?;
        let call = async { self.provider.resume(run, metric, measurement).await };
        Ok(Response::new(calls::measure("Resume", call).await.into()))
    }

    async fn terminate(
        &self,
        request: Request<wire::TerminateRequest>,
    ) -> Answer<wire::Measurement> {
        seen(&request);
        let request = request.into_inner();
        let run = messages::run(request.analysis_run)?;
        let metric = messages::metric(request.metric);
        let measurement = messages::measurement(request.measurement)?;
        let call = async { self.provider.terminate(run, metric, measurement).await };
        Ok(Response::new(
            calls::measure("Terminate", call).await.into(),
        ))
    }

    async fn garbage_collect(
        &self,
        request: Request<wire::GarbageCollectRequest>,
    ) -> Answer<wire::GarbageCollectResponse> {
        seen(&request);
        let request = request.into_inner();
        let run = messages::run(request.analysis_run)?;
        let metric = messages::metric(request.metric);
        let call = async {
            self.provider
                .garbage_collect(run, metric, request.limit)
                .await
        };
        let outcome = calls::catch("GarbageCollect", call).await?;
        Ok(Response::new(wire::GarbageCollectResponse {
            error: outcome.err().unwrap_or_default(),
        }))
    }

    async fn r#type(&self, request: Request<wire::TypeRequest>) -> Answer<wire::TypeResponse> {
        seen(&request);
        let r#type = calls::catch("Type", async { self.provider.kind() }).await?;
        Ok(Response::new(wire::TypeResponse { r#type }))
    }

    async fn get_metadata(
        &self,
        request: Request<wire::GetMetadataRequest>,
    ) -> Answer<wire::GetMetadataResponse> {
        seen(&request);
        let metric = messages::metric(request.into_inner().metric);
        let call = async { self.provider.metadata(&metric) };
        let metadata = calls::catch("GetMetadata", call).await?;
        Ok(Response::new(wire::GetMetadataResponse { metadata }))
    }
}

impl From<Panicked> for Status {
    fn from(panicked: Panicked) -> Self {
        Status::internal(chain(&panicked))
    }
}

impl From<MessageError> for Status {
    fn from(error: MessageError) -> Self {
        Status::invalid_argument(chain(&error))
    }
}
