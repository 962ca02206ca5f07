//! Accounts and tokens.

use std::time::Duration;

use y2w_sdk::protocol::credential::{derived_secret, password_md5};
use y2w_sdk::protocol::entity::Status;

use super::world::{Person, World, probes};

async fn is_logged_in(world: &World, who: &Person) -> bool {
    world.get("/v1/users").by(who).send().await.status == 200
}

probes! {
    AppSecretShown => |world| {
        world.person("ann").await.login["secret"] == "s3cret"
    }
    EmailTwice => |world| {
        world.person("ann").await;
        let form = [("email", "ann"), ("password", "x"), ("name", "other")];
        world.post("/v1/users/register", &form).send().await.status == 200
    }
    ExpiredTokenAccepted => |world| {
        let ann = world.person("ann").await;
        world.wait(3_600_000).await;
        is_logged_in(&world, &ann).await
    }
    InactiveLogsIn => |world| {
        let ann = world.person("ann").await;
        world.backend.set_user_status(&ann.uid.as_str().into(), Status::Inactive);
        world.login("ann").await.status == 200
    }
    LoginVoidsOthers => |world| {
        let ann = world.person("ann").await;
        world.login("ann").await;
        !is_logged_in(&world, &ann).await
    }
    OldPasswordUnchecked => |world| {
        let ann = world.person("ann").await;
        let form = [("oldPassword", "wrong"), ("password", &*password_md5("new"))];
        world.post("/v1/users/setPassword", &form).by(&ann).send().await.status == 200
    }
    QueryTokenIgnored => |world| {
        let ann = world.person("ann").await;
        let path = format!("/v1/users?access_token={}", ann.login["token"].as_str().unwrap());
        world.get(path).send().await.status != 200
    }
    SearchByPart => |world| {
        let ann = world.person("ann").await;
        !world.get("/v1/users?filter_term=an").by(&ann).send().await.entries().is_empty()
    }
    SecretUpperCase => |world| {
        let ann = world.person("ann").await;
        ann.login["secret"] != "26f72598c319abf01b2105a677ab0a98==2016-11-24"
    }
    TokenLifeShort => |world| {
        let ann = world.person("ann").await;
        world.wait(3_599_000).await;
        !is_logged_in(&world, &ann).await
    }
    YesterdaysSecretRefused => |world| {
        let secret = derived_secret("s3cret", world.backend.clock().now());
        tokio::time::advance(Duration::from_secs(24 * 3_600)).await;
        world.token_grant(&secret).await.status != 200
    }
}
