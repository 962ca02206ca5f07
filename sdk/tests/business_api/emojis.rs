//! Emojis.

use serde_json::json;
use y2w_sdk::protocol::Timestamp;

use crate::canned::{exchange, ok};
use crate::wire::since;

#[tokio::test]
async fn emojis_are_synced() {
    let answer = ok(json!({"total_count": 1, "entries": [{
        "id": "6", "name": "smile", "package": "basic", "url": "emojis/smile.png", "isDelete": false,
        "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
    }]}));
    let (page, sent) = exchange(answer, async |api| api.emojis_since(Timestamp::MIN, 1_000).await).await;
    assert_eq!(page.unwrap()[0].package, "basic");
    assert_eq!(sent, since("GET /v1/emojis?limit=1000", 946_684_800_000));
}
