//! What of a story is shown, and where it stands then.

use std::collections::BTreeSet;

use y2w_reports::diagram::{Band, Diagram, Finding, Lane, Mark, Row, Wait};

use super::telling::{API, Item, PUSH_SERVER, Told, Weight};
use crate::judge::Anomaly;

/// Rows that are shown at most.
const ROWS_MAX: usize = 120;

/// Devices that are shown at most: those that rows near the witnesses are about.
const LANES_MAX: usize = 12;

/// Rows that are farther than this from anything that matters are left out.
const FAR: u32 = 30;

/// How to read a picture.
const READING: &str = "Downwards in order of time, not to scale. Blue: requests, both ways in one arrow where nothing came in \
                       between, and thin bars who waits for an answer; purple: push connections; orange: faults of the plan; \
                       red rows: what shows that a rule was broken.";

impl Told<'_> {
    /// What of it is shown, in its places.
    pub(super) fn picture(mut self, anomalies: &[Anomaly], untold: usize) -> Diagram {
        let near = nearness(&self.items);
        let lanes = self.shown_lanes(&near);
        let lane = |old: usize| lanes.binary_search(&old).unwrap_or(usize::MAX);
        let has_lanes = |item: &Item| lanes_in(&item.row.mark).iter().all(|old| lane(*old) != usize::MAX);
        let mut order: Vec<usize> =
            (0..self.items.len()).filter(|n| near[*n] <= FAR && has_lanes(&self.items[*n])).collect();
        order.sort_by_key(|n| (near[*n], *n));
        order.truncate(ROWS_MAX);
        let mut shown: BTreeSet<usize> = order.into_iter().collect();
        // That one row is left out takes a row to say.
        let alone = |n: &usize| {
            !shown.contains(n) && shown.contains(&(n + 1)) && (*n == 0 || shown.contains(&(n - 1)))
        };
        let alone: Vec<usize> =
            (0..self.items.len()).filter(|n| alone(n) && has_lanes(&self.items[*n])).collect();
        shown.extend(alone);

        let mut rows: Vec<Row> = Vec::new();
        // Where each row of the story stands now, or the one that it is left out in.
        let mut places = Vec::with_capacity(self.items.len());
        let mut skipped = 0_u64;
        let skip = |rows: &mut Vec<Row>, skipped: &mut u64| {
            if *skipped > 0 {
                let mark = Mark::Skipped { count: std::mem::take(skipped) };
                rows.push(Row { time: String::new(), side: String::new(), mark, findings: Vec::new() });
            }
        };
        for (n, item) in self.items.iter_mut().enumerate() {
            if shown.contains(&n) {
                skip(&mut rows, &mut skipped);
                places.push(rows.len());
                let mut row = item.row.clone();
                renumber(&mut row.mark, lane);
                rows.push(row);
            } else {
                skipped += 1;
                places.push(rows.len());
            }
        }
        skip(&mut rows, &mut skipped);

        let place = |n: usize| places.get(n).copied().unwrap_or_default().min(rows.len().saturating_sub(1));
        let bands = self.bands.iter().map(|band| Band {
            lanes: band.lanes.iter().map(|old| lane(*old)).filter(|lane| *lane != usize::MAX).collect(),
            from: place(band.from),
            to: place(band.to),
        });
        let waits = self
            .waits
            .iter()
            .filter(|wait| lane(wait.lane) != usize::MAX && place(wait.from) < place(wait.to));
        let waits =
            waits.map(|wait| Wait { lane: lane(wait.lane), from: place(wait.from), to: place(wait.to) });
        Diagram {
            title: title(anomalies),
            facts: self.facts(&lanes, untold),
            findings: anomalies.iter().map(finding).collect(),
            bands: bands.collect(),
            waits: waits.collect(),
            lanes: lanes.iter().map(|lane| self.lane(*lane)).collect(),
            rows,
        }
    }

    /// Which devices are shown, and both servers; in order.
    fn shown_lanes(&self, near: &[u32]) -> Vec<usize> {
        let mut nearest = vec![u32::MAX; self.devices + 2];
        for (item, near) in self.items.iter().zip(near) {
            for lane in lanes_in(&item.row.mark) {
                nearest[lane] = nearest[lane].min(*near);
            }
        }
        let mut devices: Vec<usize> = (0..self.devices).collect();
        devices.sort_by_key(|device| (nearest[*device], *device));
        devices.truncate(LANES_MAX);
        devices.extend([self.api(), self.push_side()]);
        devices.sort_unstable();
        devices
    }

    fn lane(&self, lane: usize) -> Lane {
        let server =
            |name: &str, note: &str| Lane { name: name.to_owned(), note: note.to_owned(), is_server: true };
        match self.plan.devices().nth(lane) {
            Some(actor) => Lane { name: actor.user, note: actor.device, is_server: false },
            None if lane == self.api() => server(API, "REST: the data"),
            None => server(PUSH_SERVER, "MQTT: what to sync"),
        }
    }

    fn facts(&self, lanes: &[usize], untold: usize) -> Vec<String> {
        let mut facts = Vec::new();
        if !self.plan.note.is_empty() {
            facts.push(self.plan.note.clone());
        }
        let mut run = format!("seed {}", self.plan.seed);
        if !self.plan.quirks.is_empty() {
            run.push_str(&format!("; the server has the quirk {}", self.plan.quirks.join(", ")));
        }
        for (id, name) in &self.sessions {
            run.push_str(&format!("; {name} is session {}", id.id));
        }
        facts.push(run);
        facts.push(READING.to_owned());
        let hidden = (self.devices + 2).saturating_sub(lanes.len());
        if hidden > 0 {
            facts.push(format!("{hidden} devices more are not shown"));
        }
        if untold > 0 {
            facts.push(format!("{untold} findings more are not shown"));
        }
        facts
    }
}

/// How far each row is from what matters; the nearer, the sooner it is shown.
fn nearness(items: &[Item]) -> Vec<u32> {
    let mut near = vec![u32::MAX; items.len()];
    for (weight, base, behind, before) in
        [(Weight::Witness, 0, 1, 1), (Weight::Cause, 1, 1, 5), (Weight::Rare, 4, 3, 3)]
    {
        let mut spread = |order: &mut dyn Iterator<Item = usize>, slope: u32| {
            let mut from = u32::MAX;
            for n in order {
                from = if items[n].weight == weight { base } else { from.saturating_add(slope) };
                near[n] = near[n].min(from);
            }
        };
        spread(&mut (0..items.len()), behind);
        spread(&mut (0..items.len()).rev(), before);
    }
    for (near, item) in near.iter_mut().zip(items) {
        if item.weight == Weight::Quiet {
            *near = near.saturating_add(2);
        }
    }
    near
}

fn title(anomalies: &[Anomaly]) -> String {
    match anomalies.first() {
        None => "All rules held".to_owned(),
        Some(anomaly) => format!("How {} was broken", anomaly.rule),
    }
}

fn finding(anomaly: &Anomaly) -> Finding {
    Finding { rule: anomaly.rule.to_owned(), text: anomaly.text.clone() }
}

/// The lanes without which a row makes no sense.
fn lanes_in(mark: &Mark) -> Vec<usize> {
    match mark {
        Mark::Arrow { from, to, .. } | Mark::Exchange { from, to, .. } | Mark::Lost { from, to, .. } => {
            vec![*from, *to]
        }
        Mark::Note { lane, .. } | Mark::Begin { lane } => vec![*lane],
        Mark::Fault { .. } | Mark::Skipped { .. } | Mark::End { .. } => Vec::new(),
    }
}

fn renumber(mark: &mut Mark, lane: impl Fn(usize) -> usize) {
    match mark {
        Mark::Arrow { from, to, .. } | Mark::Exchange { from, to, .. } | Mark::Lost { from, to, .. } => {
            (*from, *to) = (lane(*from), lane(*to));
        }
        Mark::Note { lane: own, .. } | Mark::Begin { lane: own } => *own = lane(*own),
        Mark::Fault { lanes } => lanes.iter_mut().for_each(|own| *own = lane(*own)),
        Mark::Skipped { .. } | Mark::End { .. } => (),
    }
}
