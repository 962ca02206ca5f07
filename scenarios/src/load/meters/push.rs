//! Push connections, measured: bytes in both directions.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::{ByteStream, Streams};

use super::Meters;

/// Opens streams by other streams, and counts what they carry.
pub(in crate::load) struct MeteredStreams {
    inner: Arc<dyn Streams>,
    meters: Arc<Meters>,
}

impl MeteredStreams {
    pub(in crate::load) fn new(inner: Arc<dyn Streams>, meters: Arc<Meters>) -> Self {
        Self { inner, meters }
    }
}

impl Streams for MeteredStreams {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        self.inner.address(gate)
    }

    fn open(&self, address: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        let (open, meters) = (self.inner.open(address), self.meters.clone());
        Box::pin(async move {
            let inner = open.await?;
            Ok(Box::new(Counted { inner, meters }) as Box<dyn ByteStream>)
        })
    }
}

struct Counted {
    inner: Box<dyn ByteStream>,
    meters: Arc<Meters>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        self.meters.push_bytes[1].fetch_add(read as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.meters.push_bytes[0].fetch_add(written as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
