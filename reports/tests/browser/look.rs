//! A look at a page: Chromium opens it from a file, and tells what it sees.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

/// How long one page may take, the start of the browser included.
const DEADLINE: Duration = Duration::from_secs(60);

/// A page as one frame shows it, in pixels.
#[derive(Debug, Deserialize)]
pub(crate) struct Shown {
    pub(crate) width: u32,
    /// How wide its content is.
    scroll: u32,
    /// Elements that are not within its width.
    outside: u32,
    height: u32,
    figures: usize,
    /// The charts that can be seen: width and height.
    pub(crate) charts: Vec<(u32, u32)>,
    /// Those of them in which something is drawn.
    lines: usize,
    pub(crate) bars: usize,
    rows: usize,
    /// What was fetched for it.
    loaded: u32,
}

impl Shown {
    /// What is wrong with it.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{what}: {self:?}"));
            }
        };
        expect(self.scroll <= self.width && self.outside == 0, "something reaches beyond the page's width");
        expect(self.loaded == 0, "something was fetched");
        expect(self.height > 500, "next to nothing is shown");
        expect(self.charts.len() == self.figures, "a figure has not one chart that fits");
        let is_readable = |(width, height): &(u32, u32)| *width * 10 >= self.width * 6 && *height >= 80;
        expect(self.charts.iter().all(is_readable), "a chart is too small to be read");
        expect(self.lines == self.charts.len(), "a chart is empty");
        expect(self.bars == self.rows, "a row has no bar");
        faults
    }
}

/// What is wrong with a page, by a look at it in both widths; and how it is shown in them.
pub(crate) async fn look_at(page: &str) -> (Vec<String>, Vec<Shown>) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page.html"), page).unwrap();
    let probe = dir.path().join("probe.html");
    fs::write(&probe, include_str!("probe.html").replace("PAGE", "page.html")).unwrap();
    let output = chromium(&dir, &["--allow-file-access-from-files", "--dump-dom"], &probe).await;
    let dom = String::from_utf8_lossy(&output.stdout);
    let told = dom.split("<pre id=\"told\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let told = told.unwrap_or_else(|| panic!("the probe told nothing: {dom}"));
    let shown: Vec<Shown> = serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {told}"));
    let said = String::from_utf8_lossy(&output.stderr);
    let said =
        said.lines().filter(|line| line.contains("CONSOLE")).map(|line| format!("the console: {line}"));
    (shown.iter().flat_map(Shown::faults).chain(said).collect(), shown)
}

/// Runs Chromium without a network, and with a profile of its own, until it is done with a file.
async fn chromium(dir: &tempfile::TempDir, args: &[&str], file: &Path) -> Output {
    let browser = std::env::var_os("Y2W_CHROMIUM").expect("Y2W_CHROMIUM is not set; .ci/browser sets it");
    let ended = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", dir.path().join("profile").display()))
        .args(args)
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    timeout(DEADLINE, ended).await.expect("Chromium takes too long").unwrap()
}

/// Whether a pixel of each of these colours is in a screenshot of the page's top.
pub(crate) async fn colours_seen(page: &str, colours: &[[u8; 3]]) -> Vec<bool> {
    const SIZE: (u32, u32) = (1280, 4000);
    let dir = tempfile::tempdir().unwrap();
    let (file, picture): (PathBuf, PathBuf) = (dir.path().join("page.html"), dir.path().join("page.png"));
    fs::write(&file, page).unwrap();
    let (shot, size) =
        (format!("--screenshot={}", picture.display()), format!("--window-size={},{}", SIZE.0, SIZE.1));
    let light = "--blink-settings=preferredColorScheme=1";
    chromium(&dir, &[&shot, &size, light], &file).await;
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(fs::File::open(&picture).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), SIZE);
    let is_seen =
        |colour: &[u8; 3]| pixels.chunks(info.color_type.samples()).any(|pixel| pixel[..3] == colour[..]);
    colours.iter().map(is_seen).collect()
}
