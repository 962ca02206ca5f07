//! What thresholds can be about, and what it is called.

use std::fmt;

/// What a threshold is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A latency of the users.
    Latency(Latency, Since, Stat),
    /// A latency of the requests of a route.
    Route(Route, Stat),
    /// A count, or a rate.
    Number(Number),
}

/// Defines an enum of things that have names, all of them, and the names.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$help:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$help])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What thresholds call it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of that name.
            pub fn of(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// A latency.
    Latency {
        /// From a login's beginning until the server has answered it.
        Login = "login",
        /// From a connection's beginning until the push server has accepted it.
        Connect = "connect",
        /// Until the push server has taken the notice of a message.
        SendAck = "send_ack",
        /// Until the business server has acknowledged a message.
        SendStored = "send_stored",
        /// Until another member's push connection has brought the notice.
        SendPush = "send_push",
        /// Until another member has the message by its sync.
        SendSynced = "send_synced",
        /// By how much the generator was late.
        Lag = "lag",
    }
}

named! {
    /// A statistic of a latency.
    Stat {
        /// Half of all are below.
        P50 = "p50",
        /// 90 of 100 are below.
        P90 = "p90",
        /// 99 of 100 are below.
        P99 = "p99",
        /// 999 of 1,000 are below.
        P999 = "p999",
        /// The longest.
        Max = "max",
        /// On average.
        Mean = "mean",
        /// The shortest.
        Min = "min",
        /// How many were measured.
        Count = "count",
    }
}

named! {
    /// What has no statistics: counts, and rates.
    Number {
        /// Deliveries that never came.
        Lost = "lost",
        /// Messages that were delivered twice.
        Twice = "twice",
        /// Messages out of order.
        Order = "order",
        /// Conversations whose unread count was wrong at the end.
        Unread = "unread",
        /// Messages of who was no member, and to who was none; members that are wrong at the end.
        Membership = "membership",
        /// Findings of all checks together.
        Findings = "findings",
        /// Operations that failed.
        Errors = "errors",
        /// Operations.
        Operations = "operations",
        /// Messages stored a second, while it is measured.
        StoredPerS = "stored_per_s",
        /// Deliveries a second, while it is measured.
        DeliveredPerS = "delivered_per_s",
    }
}

/// From when a latency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From when it was due.
    Due,
    /// From when it was handed over: service time, `.service`.
    HandedOver,
}

/// A route: its method and its path, in which `{id}` stands for any id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// As `GET`.
    pub method: String,
    /// As `/v1/sessions/{id}/messages`.
    pub path: String,
}

impl Latency {
    /// Whether there is a service time beside it.
    pub const fn has_service(self) -> bool {
        !matches!(self, Self::Lag)
    }
}

impl Number {
    /// Whether it is a rate per second.
    pub const fn is_rate(self) -> bool {
        matches!(self, Self::StoredPerS | Self::DeliveredPerS)
    }
}

impl Route {
    /// Whether this method and template, as `/v1/sessions/{session}/messages`, are meant: ids may be called otherwise.
    pub fn is(&self, method: &str, template: &str) -> bool {
        let same =
            |(one, other): (&str, &str)| one == other || (one.starts_with('{') && other.starts_with('{'));
        self.method == method
            && self.path.split('/').count() == template.split('/').count()
            && self.path.split('/').zip(template.split('/')).all(same)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(latency, Since::Due, stat) => write!(f, "{latency}.{stat}"),
            Self::Latency(latency, Since::HandedOver, stat) => write!(f, "{latency}.service.{stat}"),
            Self::Route(route, stat) => write!(f, "{route}.{stat}"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "route(\"{} {}\")", self.method, self.path)
    }
}
