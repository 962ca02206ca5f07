//! Ctrl-C, and what schedulers send in its place (SIGTERM): for work on a runtime a token, for work that keeps its thread
//! something to ask after each piece, so that what was done so far can be told. A second one ends the process.

use std::future::{Future, poll_fn};
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::live;

/// What a process ends with that Ctrl-C has killed, as shells have it.
const KILLED: i32 = 130;

/// Watches for Ctrl-C from when it is made until it is dropped.
pub(super) struct Interrupt {
    came: CancellationToken,
    /// Its one thread waits. Where there can be none, Ctrl-C does what it does without us.
    _watch: Option<Runtime>,
}

impl Interrupt {
    pub(super) fn watch() -> Self {
        let watch = Builder::new_multi_thread().worker_threads(1).enable_io().build().ok();
        let came = watch.as_ref().map_or_else(CancellationToken::new, token);
        Self { came, _watch: watch }
    }

    /// Whether it has come.
    pub(super) fn came(&self) -> bool {
        self.came.is_cancelled()
    }
}

/// Ends the process; the terminal is left as it was found.
pub(super) fn end_at_once() -> ! {
    live::give_back();
    std::process::exit(KILLED)
}

/// Ctrl-C for work on a runtime: the first one is told by the token, a second one ends the process.
pub(super) fn token(runtime: &Runtime) -> CancellationToken {
    let token = CancellationToken::new();
    let told = token.clone();
    let first = heard_from_now_on(runtime);
    runtime.spawn(async move {
        if first.await {
            told.cancel();
            if asked_to_end().await {
                end_at_once();
            }
        }
    });
    token
}

/// Whether Ctrl-C has come, once it has. It is heard from here on, and not only when somebody gets to wait for it.
fn heard_from_now_on(runtime: &Runtime) -> impl Future<Output = bool> + use<> {
    let mut first = Box::pin(asked_to_end());
    let asked = runtime.block_on(poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending())));
    async move { asked && first.await }
}

/// Waits for the wish that the process ends; false where it cannot be heard.
async fn asked_to_end() -> bool {
    let ctrl_c = async { tokio::signal::ctrl_c().await.is_ok() };
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        return tokio::select! {
            heard = ctrl_c => heard,
            heard = terminate.recv() => heard.is_some(),
        };
    }
    ctrl_c.await
}
