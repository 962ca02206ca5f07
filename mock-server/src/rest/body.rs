//! Taking the body of a request: no more of it than is wanted, and no longer than there is patience for. Rules
//! `API-BODY-MAX`, `API-BODY-SLOW`.

use std::pin::{Pin, pin};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use thiserror::Error;
use tokio::time::timeout;

use super::error::ApiError;

/// How long a body may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the first byte to the last.
    pub(super) whole: Duration,
    /// From one piece to the next.
    pub(super) between: Duration,
}

/// For parameters, which come in one piece nearly always.
const FOR_PARAMETERS: Patience =
    Patience { whole: Duration::from_secs(30), between: Duration::from_secs(10) };

/// Most bytes read only to be thrown away. A client hears an answer only when it has sent its request: closed before, the
/// connection is reset, and the answer lost.
const DISCARD_MAX: usize = 16 * 1024 * 1024;

/// Why a body did not come.
#[derive(Debug, Error)]
pub(super) enum Interrupted {
    /// It takes too long.
    #[error("the body came too slowly")]
    TooSlow,
    /// The connection failed, or what came was no body.
    #[error("the body did not come whole")]
    Broken,
}

impl From<Interrupted> for ApiError {
    fn from(why: Interrupted) -> Self {
        match why {
            Interrupted::TooSlow => {
                Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", why.to_string())
            }
            Interrupted::Broken => Self::bad_request(why.to_string()),
        }
    }
}

/// The pieces of a body, each in its time.
pub(super) fn pieces(
    body: Body,
    patience: Patience,
) -> impl Stream<Item = Result<Bytes, Interrupted>> + Send {
    stream::unfold(body.into_data_stream(), move |mut body| async move {
        let piece = match timeout(patience.between, body.next()).await {
            Err(_) => Err(Interrupted::TooSlow),
            Ok(Some(Err(_))) => Err(Interrupted::Broken),
            Ok(Some(Ok(piece))) => Ok(piece),
            Ok(None) => return None,
        };
        Some((piece, body))
    })
    .fuse()
}

/// The whole of a small body.
pub(crate) async fn whole(body: Body, max: usize) -> Result<Bytes, ApiError> {
    let mut pieces = pin!(pieces(body, FOR_PARAMETERS));
    let collected = timeout(FOR_PARAMETERS.whole, collect(pieces.as_mut(), max)).await;
    match collected.unwrap_or(Err(Interrupted::TooSlow))? {
        Some(body) => Ok(body),
        None => {
            discard(pieces).await;
            Err(too_large())
        }
    }
}

/// `None` if it is too large.
async fn collect(
    mut pieces: Pin<&mut impl Stream<Item = Result<Bytes, Interrupted>>>,
    max: usize,
) -> Result<Option<Bytes>, Interrupted> {
    let Some(first) = pieces.next().await.transpose()? else {
        return Ok(Some(Bytes::new()));
    };
    if first.len() > max {
        return Ok(None);
    }
    let Some(second) = pieces.next().await.transpose()? else {
        return Ok(Some(first));
    };
    let mut whole = BytesMut::from(&first[..]);
    let mut next = Some(second);
    while let Some(piece) = next {
        if whole.len() + piece.len() > max {
            return Ok(None);
        }
        whole.extend_from_slice(&piece);
        next = pieces.next().await.transpose()?;
    }
    Ok(Some(whole.freeze()))
}

/// Reads what is left of a body that is not wanted, up to a bound.
pub(super) async fn discard(mut pieces: Pin<&mut impl Stream<Item = Result<Bytes, Interrupted>>>) {
    let mut discarded = 0;
    let reading = async {
        while let Some(Ok(piece)) = pieces.next().await {
            discarded += piece.len();
            if discarded > DISCARD_MAX {
                return;
            }
        }
    };
    // However far it got: the answer goes out now.
    let _ = timeout(FOR_PARAMETERS.whole, reading).await;
}

/// A body beyond what its route takes.
pub(super) fn too_large() -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "the body is too large")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use y2w_sdk::clock::Clock;
    use y2w_sdk::protocol::Timestamp;

    use super::*;

    /// A body of so many pieces, each after a pause; and then its end, or nothing more.
    fn dripping(pieces: usize, pause: Duration, ends: bool) -> Body {
        let next = move |sent: usize| async move {
            if sent == pieces {
                if ends {
                    return None;
                }
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"xx")), sent + 1))
        };
        Body::from_stream(stream::unfold(0, next))
    }

    async fn status_of(body: Body) -> (Option<StatusCode>, Duration) {
        let clock = Clock::starting_at(Timestamp::MIN);
        let status = whole(body, 10).await.err().map(|error| error.status());
        (status, Timestamp::MIN.until(clock.now()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_comes_in_pieces_up_to_its_bound() {
        let pause = Duration::from_millis(1);
        assert_eq!(whole(dripping(5, pause, true), 10).await.unwrap(), "xxxxxxxxxx");
        assert_eq!(whole(Body::empty(), 10).await.unwrap(), "");
        assert_eq!(whole(Body::from("0123456789"), 10).await.unwrap(), "0123456789");
        for large in [dripping(6, pause, true), Body::from("0123456789a")] {
            assert_eq!(status_of(large).await.0, Some(StatusCode::PAYLOAD_TOO_LARGE));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_given_up() {
        let late = Some(StatusCode::REQUEST_TIMEOUT);
        assert_eq!(status_of(dripping(0, Duration::ZERO, false)).await, (late, FOR_PARAMETERS.between));
        let dripping = dripping(99, Duration::from_secs(8), true);
        assert_eq!(
            status_of(dripping).await,
            (late, FOR_PARAMETERS.whole),
            "a piece now and then does not help"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_large_is_not_read_for_ever() {
        let large = Some(StatusCode::PAYLOAD_TOO_LARGE);
        let endless = stream::repeat_with(|| Ok::<_, Infallible>(vec![0; 65_536]));
        assert_eq!(status_of(Body::from_stream(endless)).await, (large, Duration::ZERO));
        assert_eq!(status_of(dripping(6, Duration::ZERO, false)).await.0, large);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_a_bad_request() {
        let broken = Body::from_stream(stream::iter([Ok("x"), Err(std::io::Error::other("gone"))]));
        assert_eq!(status_of(broken).await.0, Some(StatusCode::BAD_REQUEST));
    }
}
