//! The command that runs a server until it is interrupted.

use std::net::SocketAddr;

use clap::Args;
use thiserror::Error;

use crate::push::PushConfig;
use crate::server::DEFAULT_APP;
use crate::{MockServer, PasswordCost, StartError};

/// How a server is to run.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where the business API, the token endpoint and the gate listen; port 0 is any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub http: SocketAddr,

    /// Where the push server listens for MQTT over TCP; 2016 clients expect port 1883
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:1883")]
    pub push: SocketAddr,

    /// The app to serve: its key and its secret [default: y2w-app:y2w-secret]
    #[arg(long, value_name = "KEY:SECRET", value_parser = parse_app)]
    pub app: Option<App>,

    /// The host that the gate names to clients, where it is not the one the push server listens on
    #[arg(long, value_name = "HOST")]
    pub gate_host: Option<String>,

    /// Makes tokens and salts repeatable
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// Hash passwords with as little work as possible: for load runs, where logins would cost more than all else
    #[arg(long)]
    pub fast_hash: bool,

    /// How many pushes may wait for one slow connection before it is dropped
    #[arg(long, value_name = "NUMBER", default_value_t = PushConfig::default().outgoing_queue)]
    pub outgoing_queue: usize,
}

/// An app's key and secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The appKey.
    pub key: String,
    /// The app's own secret.
    pub secret: String,
}

/// Why serving ended.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Interrupts cannot be waited for.
    #[error("cannot wait for an interrupt: {0}")]
    Interrupt(#[source] std::io::Error),
}

impl ServeError {
    /// The exit code that tells scripts what happened: 3 if a port is in use, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Start(error) if error.is_port_in_use() => 3,
            Self::Start(_) | Self::Interrupt(_) => 1,
        }
    }
}

/// Starts a server, prints where it is, and serves until Ctrl-C.
pub async fn serve(args: ServeArgs) -> Result<(), ServeError> {
    let server = start(args).await?;
    println!("business API  {}", server.http_url());
    println!("push server   {} (MQTT 3.1.1)", server.push_addr());
    println!("app           {}:{}", server.app_key(), server.app_secret());
    println!("Ctrl-C ends it.");
    let interrupted = tokio::signal::ctrl_c().await;
    server.shutdown().await;
    interrupted.map_err(ServeError::Interrupt)
}

async fn start(args: ServeArgs) -> Result<MockServer, StartError> {
    let app = args.app.unwrap_or_else(|| App {
        key: DEFAULT_APP.0.to_owned(),
        secret: DEFAULT_APP.1.to_owned(),
    });
    let mut builder = MockServer::builder()
        .http(args.http)
        .push(args.push)
        .app(app.key, app.secret)
        .password_cost(if args.fast_hash {
            PasswordCost::Fast
        } else {
            PasswordCost::Slow
        })
        .push_config(PushConfig {
            outgoing_queue: args.outgoing_queue,
            ..PushConfig::default()
        });
    if let Some(host) = args.gate_host {
        builder = builder.gate_host(host);
    }
    if let Some(seed) = args.seed {
        builder = builder.seed(seed);
    }
    builder.start().await
}

fn parse_app(text: &str) -> Result<App, String> {
    match text.split_once(':') {
        Some((key, secret)) if !key.is_empty() && !secret.is_empty() => Ok(App {
            key: key.to_owned(),
            secret: secret.to_owned(),
        }),
        _ => Err("an app is given as KEY:SECRET".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn parse(args: &[&str]) -> Result<ServeArgs, clap::Error> {
        Command::try_parse_from([&["serve"], args].concat()).map(|command| command.args)
    }

    #[test]
    fn an_app_is_key_and_secret() {
        let args = parse(&["--app", "k:s:s"]).unwrap();
        let app = App {
            key: "k".to_owned(),
            secret: "s:s".to_owned(),
        };
        assert_eq!(args.app, Some(app));
        for bad in ["k", "k:", ":s"] {
            assert!(parse(&["--app", bad]).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_port_in_use_is_told_apart() {
        let any = "127.0.0.1:0";
        let first = start(parse(&["--http", any, "--push", any, "--fast-hash"]).unwrap())
            .await
            .unwrap();
        let taken = first.push_addr().to_string();
        let error = start(parse(&["--http", any, "--push", &taken]).unwrap())
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("push") && text.contains(&taken), "{text}");
        assert!(text.contains("choose another port"), "{text}");
        assert_eq!(ServeError::from(error).exit_code(), 3);
        first.shutdown().await;
    }
}
