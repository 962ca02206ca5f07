//! Reads thresholds.

use std::str::FromStr;

use super::metric::{Latency, Number, Reading, Route, Since, Stat};
use super::{Relation, Threshold, Unit, Value};
use crate::nearest::nearest;

const ROUTE: &str = "route(";
const SERVICE: &str = "service";
/// What requests can have as their method.
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).map_err(|why| format!("`{text}` is no threshold: {why}"))
    }
}

fn read(text: &str) -> Result<Threshold, String> {
    let (reading, rest) = reading(text.trim())?;
    let rest = rest.trim_start();
    let relation = Relation::ALL.into_iter().find(|relation| rest.starts_with(relation.sign()));
    let Some(relation) = relation else {
        let signs: Vec<&str> = Relation::ALL.iter().map(|relation| relation.sign()).collect();
        return Err(format!("expected one of {} after `{reading}`", signs.join(" ")));
    };
    let value = value(rest[relation.sign().len()..].trim_start(), &reading)?;
    Ok(Threshold { reading, relation, value })
}

/// What it is about, and what follows.
fn reading(text: &str) -> Result<(Reading, &str), String> {
    if let Some(rest) = text.strip_prefix(ROUTE) {
        let (route, rest) = route(rest)?;
        let (stat_name, rest) = word(rest.strip_prefix('.').unwrap_or(rest));
        return Ok((Reading::Route(route, stat("route(…)", stat_name)?), rest));
    }
    let (name, rest) = word(text);
    let mut parts = name.split('.');
    let metric = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    if let Some(number) = Number::of(metric) {
        return match *parts {
            [] => Ok((Reading::Number(number), rest)),
            [..] => Err(format!("`{number}` is a number without statistics: expected nothing after it")),
        };
    }
    let Some(latency) = Latency::of(metric) else { return Err(unknown(metric)) };
    let (since, stat_name) = match *parts {
        [SERVICE, ref rest @ ..] if latency.has_service() => (Since::HandedOver, rest.join(".")),
        [SERVICE, ..] => return Err(format!("`{latency}` has no service time: expected {latency}.STAT")),
        _ => (Since::Due, parts.join(".")),
    };
    Ok((Reading::Latency(latency, since, stat(metric, &stat_name)?), rest))
}

fn stat(metric: &str, name: &str) -> Result<Stat, String> {
    let known = || Stat::ALL.iter().map(|stat| stat.name()).collect::<Vec<_>>().join(", ");
    match name {
        "" => Err(format!("which statistic of `{metric}` is not said: expected one of {}", known())),
        name => Stat::of(name)
            .ok_or_else(|| format!("`{metric}` has no statistic `{name}`: expected one of {}", known())),
    }
}

/// `"METHOD PATH")`, and what follows.
fn route(text: &str) -> Result<(Route, &str), String> {
    let expected = || "expected route(\"METHOD PATH\"), as route(\"GET /v1/users\")".to_owned();
    let inner = text.trim_start().strip_prefix('"').ok_or_else(expected)?;
    let (name, rest) = inner.split_once('"').ok_or_else(expected)?;
    let rest = rest.trim_start().strip_prefix(')').ok_or_else(expected)?;
    let (method, path) = name.split_once(' ').ok_or_else(expected)?;
    if !METHODS.contains(&method) {
        return Err(format!("`{method}` is no method: expected one of {}", METHODS.join(", ")));
    }
    let path = path.trim();
    if !path.starts_with('/') || path.contains(char::is_whitespace) {
        return Err(format!("`{path}` is no path: expected one as /v1/sessions/{{id}}/messages"));
    }
    Ok((Route { method: method.to_owned(), path: path.to_owned() }, rest))
}

/// Until a space or a relation, and what follows.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || "<>=!".contains(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn unknown(metric: &str) -> String {
    let known = metrics();
    let near = nearest(metric, known.iter().copied()).map(|near| format!(" Did you mean `{near}`?"));
    let near = near.unwrap_or_default();
    format!(
        "there is no metric `{metric}`.{near} Expected one of {}, route(\"METHOD PATH\")",
        known.join(", ")
    )
}

/// The names of all metrics but routes.
pub(super) fn metrics() -> Vec<&'static str> {
    let latencies = Latency::ALL.iter().map(|latency| latency.name());
    latencies.chain(Number::ALL.iter().map(|number| number.name())).collect()
}

fn value(text: &str, reading: &Reading) -> Result<Value, String> {
    let expected = match reading {
        Reading::Latency(_, _, Stat::Count) | Reading::Route(_, Stat::Count) => "a number, as 1000",
        Reading::Latency(..) | Reading::Route(..) => "a length of time, as 250ms, 1.5s or 800us",
        Reading::Number(Number::Errors) => "a share of all operations, as 0.1%, or a number",
        Reading::Number(number) if number.is_rate() => "a number a second, as 500",
        Reading::Number(_) => "a number, as 0",
    };
    let wrong = || format!("`{text}` is not what {reading} is compared with: expected {expected}");
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, sign) = text.split_at(digits);
    let number = number.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(wrong)?;
    let unit = Unit::ALL.into_iter().find(|unit| unit.sign() == sign.trim_start()).ok_or_else(wrong)?;
    let fits = match reading {
        Reading::Latency(_, _, stat) | Reading::Route(_, stat) if *stat != Stat::Count => unit.is_time(),
        Reading::Number(Number::Errors) => !unit.is_time() && (unit == Unit::None || number <= 100.0),
        _ => unit == Unit::None,
    };
    if fits { Ok(Value { number, unit }) } else { Err(wrong()) }
}
