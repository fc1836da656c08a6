//! go-plugin's own services: what its client opens on every plugin, into an answer each or a stream that stays open.
//!
//! Nothing is printed after the handshake and no further connection is offered, so the stdio and broker streams carry
//! nothing; they end with the server, or it would wait for them.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, future, stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::connection::seen;
use super::wire::health::health_check_response::ServingStatus;
use super::wire::health::health_server::{Health, HealthServer};
use super::wire::health::{HealthCheckRequest, HealthCheckResponse};
use super::wire::plugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use super::wire::plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use super::wire::plugin::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use super::wire::plugin::{ConnInfo, Empty, StdioData};

/// What health knows: the server as a whole, and `GRPCServiceName` of go-plugin's `grpc_server.go`.
const SERVICES: [&str; 2] = ["", "plugin"];

type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The four services share this state: the token that ends the server.
pub(super) struct GoPlugin {
    stop: CancellationToken,
}

impl GoPlugin {
    /// No message until the server ends.
    fn silence<T: Send + 'static>(&self) -> Messages<T> {
        Box::pin(
            stream::once(self.stop.clone().cancelled_owned()).filter_map(|()| future::ready(None)),
        )
    }
}

/// `grpc.health.v1.Health`
pub(super) fn health(stop: CancellationToken) -> HealthServer<GoPlugin> {
    HealthServer::new(GoPlugin { stop })
}

/// `plugin.GRPCController`, whose Shutdown cancels `stop`.
pub(super) fn controller(stop: CancellationToken) -> GrpcControllerServer<GoPlugin> {
    GrpcControllerServer::new(GoPlugin { stop })
}

/// `plugin.GRPCStdio`
pub(super) fn stdio(stop: CancellationToken) -> GrpcStdioServer<GoPlugin> {
    GrpcStdioServer::new(GoPlugin { stop })
}

/// `plugin.GRPCBroker`
pub(super) fn broker(stop: CancellationToken) -> GrpcBrokerServer<GoPlugin> {
    GrpcBrokerServer::new(GoPlugin { stop })
}

fn status(serving: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: serving.into(),
    }
}

#[tonic::async_trait]
impl Health for GoPlugin {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if SERVICES.contains(&service.as_str()) {
            Ok(Response::new(status(ServingStatus::Serving)))
        } else {
            Err(Status::not_found("expected service `plugin` or none"))
        }
    }

    type WatchStream = Messages<HealthCheckResponse>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let serving = if SERVICES.contains(&request.get_ref().service.as_str()) {
            ServingStatus::Serving
        } else {
            ServingStatus::ServiceUnknown
        };
        let first = stream::once(future::ready(Ok(status(serving))));
        Ok(Response::new(Box::pin(first.chain(self.silence()))))
    }
}

#[tonic::async_trait]
impl GrpcController for GoPlugin {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        // The server still answers the calls that it has, this one among them.
        self.stop.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for GoPlugin {
    type StreamStdioStream = Messages<StdioData>;

    async fn stream_stdio(
        &self,
        request: Request<()>,
    ) -> Result<Response<Self::StreamStdioStream>, Status> {
        seen(&request);
        Ok(Response::new(self.silence()))
    }
}

#[tonic::async_trait]
impl GrpcBroker for GoPlugin {
    type StartStreamStream = Messages<ConnInfo>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        // Read, so that a host that offers connections is not stopped by flow control.
        let offers = request.into_inner().filter_map(|_| future::ready(None));
        let stopped = self.stop.clone().cancelled_owned();
        Ok(Response::new(Box::pin(offers.take_until(stopped))))
    }
}
