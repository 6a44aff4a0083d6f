//! Two plots of growth with logarithmic axes: by the number of relocations and by the size of the target.

use std::time::Duration;

use svg::Document;
use svg::node::element::{Circle, Group, Line, Polyline, Style, Text};

use super::markdown::{duration, grouped};
use super::report::{Measured, Report};
use crate::contenders::Who;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 360.0;
/// The height and the position of the plots.
const PLOT: f64 = 240.0;
const TOP: f64 = 64.0;

/// The margin of the axes around their values, as a logarithm.
const MARGIN: f64 = 0.1;
/// The minimum distance of names.
const APART: f64 = 15.0;

/// There is no background, and the colors follow the reader's light or dark mode.
const STYLE: &str = "
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-size: 14px; font-weight: 600 }
.grid { stroke: #8884; stroke-width: 1 }
.floor { stroke: #888; stroke-width: 1.5; stroke-dasharray: 5 4 }
polyline { fill: none; stroke-width: 2.5 }
.core-reloc { stroke: #d9480f; fill: #d9480f } .libbpf { stroke: #1971c2; fill: #1971c2 }
.aya-obj { stroke: #2f9e44; fill: #2f9e44 }
text.core-reloc, text.libbpf, text.aya-obj { stroke: none; font-weight: 600 }
polyline.core-reloc, polyline.libbpf, polyline.aya-obj { fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd }
  .core-reloc { stroke: #ff922b; fill: #ff922b } .libbpf { stroke: #74c0fc; fill: #74c0fc }
  .aya-obj { stroke: #8ce99a; fill: #8ce99a }
}
";

/// Draws both plots.
pub fn draw(report: &Report) -> String {
    let by_relocations = Plot {
        left: 64.0,
        width: 310.0,
        title: "Time against relocations".to_owned(),
        curves: curves(&report.more_relocations, |case| case.of.relocations),
        floor: Some(report.least()),
    };
    let by_types = Plot {
        left: 520.0,
        width: 240.0,
        title: "Time against the target's types".to_owned(),
        curves: curves(&report.larger_targets, |case| case.of.types),
        floor: None,
    };
    Document::new()
        .set("viewBox", (0.0, 0.0, WIDTH, HEIGHT))
        .set("width", WIDTH)
        .set("height", HEIGHT)
        .set("role", "img")
        .add(Style::new(STYLE))
        .add(by_relocations.draw())
        .add(by_types.draw())
        .to_string()
        + "\n"
}

/// The points of one contender: sizes, and times in seconds.
struct Curve {
    who: Who,
    points: Vec<(f64, f64)>,
}

fn curves<Of>(cases: &[Measured<Of>], size: impl Fn(&Measured<Of>) -> usize) -> Vec<Curve> {
    let curve = |who| {
        let point = |case| Some((size(case) as f64, case.median(who)?.as_secs_f64()));
        Curve { who, points: cases.iter().filter_map(point).collect() }
    };
    Who::ALL.into_iter().map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

struct Plot {
    left: f64,
    width: f64,
    title: String,
    curves: Vec<Curve>,
    /// The minimum that every contender must do.
    floor: Option<Duration>,
}

impl Plot {
    fn draw(&self) -> Group {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let floor = self.floor.map(|floor| floor.as_secs_f64());
        let x = Axis::over(all().map(|point| point.0), self.left, self.right());
        let y = Axis::over(all().map(|point| point.1).chain(floor), TOP + PLOT, TOP);

        let title = text(self.left - 40.0, 28.0, "start", &self.title).set("class", "title");
        let mut group = self.draw_axes(Group::new().add(title), &x, &y);
        if let Some(floor) = floor {
            let at = y.place(floor);
            group = group.add(line((self.left, at), (self.right(), at), "floor")).add(text(
                self.right() - 6.0,
                at - 6.0,
                "end",
                "read and walk only",
            ));
        }
        self.draw_curves(group, &x, &y)
    }

    fn draw_axes(&self, mut group: Group, x: &Axis, y: &Axis) -> Group {
        for decade in y.decades() {
            let at = y.place(decade);
            let label = duration(Duration::from_secs_f64(decade));
            // The zeros of a power of ten are left out.
            let label = label.replace(".00", "").replace(".0", "");
            group = group.add(line((self.left, at), (self.right(), at), "grid")).add(text(
                self.left - 8.0,
                at + 4.0,
                "end",
                &label,
            ));
        }
        for (value, _) in self.curves.iter().take(1).flat_map(|curve| &curve.points) {
            let at = x.place(*value);
            group = group.add(line((at, TOP), (at, TOP + PLOT), "grid")).add(text(
                at,
                TOP + PLOT + 18.0,
                "middle",
                &short(*value),
            ));
        }
        group
    }

    fn draw_curves(&self, mut group: Group, x: &Axis, y: &Axis) -> Group {
        let mut names = Vec::new();
        for curve in &self.curves {
            let class = curve.who.name();
            let places = curve.points.iter().map(|point| (x.place(point.0), y.place(point.1)));
            let places: Vec<(f64, f64)> = places.collect();
            let points: Vec<String> = places.iter().map(|(x, y)| format!("{x},{y}")).collect();
            group = group.add(Polyline::new().set("class", class).set("points", points.join(" ")));
            for (x, y) in &places {
                let circle = Circle::new().set("cx", *x).set("cy", *y).set("r", 3.5);
                group = group.add(circle.set("class", class));
            }
            names.extend(places.last().map(|(x, y)| (*x, *y, class)));
        }
        names.sort_by(|one, other| one.1.total_cmp(&other.1));
        let mut free = f64::NEG_INFINITY;
        for (x, y, name) in names {
            let y = y.max(free);
            group = group.add(text(x + 10.0, y + 4.0, "start", name).set("class", name));
            free = y + APART;
        }
        group
    }

    fn right(&self) -> f64 {
        self.left + self.width
    }
}

/// Formats a number in a few characters.
fn short(number: f64) -> String {
    match number {
        n if n >= 1e6 => format!("{:.1} M", n / 1e6),
        n if n >= 1e4 => format!("{:.0} k", n / 1e3),
        n => grouped(n as usize),
    }
}

/// A logarithmic axis.
struct Axis {
    /// The logarithms of the smallest and the largest value.
    from: f64,
    to: f64,
    /// Their positions.
    start: f64,
    end: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let from = values.clone().fold(f64::INFINITY, f64::min).log10();
        let to = values.fold(f64::NEG_INFINITY, f64::max).log10();
        Self { from: from - MARGIN, to: to + MARGIN, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - self.from) / (self.to - self.from);
        rounded(self.start + part * (self.end - self.start))
    }

    /// Returns the powers of ten on the axis.
    fn decades(&self) -> impl Iterator<Item = f64> + use<> {
        (self.from.ceil() as i32..=self.to.floor() as i32).map(|power| 10_f64.powi(power))
    }
}

fn line(from: (f64, f64), to: (f64, f64), class: &str) -> Line {
    let line = Line::new().set("x1", from.0).set("y1", from.1).set("x2", to.0).set("y2", to.1);
    line.set("class", class)
}

fn text(x: f64, y: f64, anchor: &str, content: &str) -> Text {
    let text = Text::new(content).set("x", rounded(x)).set("y", rounded(y));
    text.set("text-anchor", anchor)
}

/// Rounds to tenths, which are short and exact enough.
fn rounded(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}
