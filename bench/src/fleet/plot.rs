//! Two plots of growth: by the number of kernels and by the number of objects.

use std::fmt::{self, Write};

use super::Report;

// The size of a plot, and the room around it.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
const MARGIN: f64 = 60.0;

/// There is no background, and the colors follow the reader's light or dark mode.
const STYLE: &str = "text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-size: 14px; font-weight: 600 }
.grid { stroke: #8884; stroke-width: 1 }
polyline { fill: none; stroke-width: 2.5 }
.all { stroke: #d9480f } .one { stroke: #1971c2 } .xz { stroke: #888; stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .all { stroke: #ff922b } .one { stroke: #74c0fc } }";

/// A curve: its name, its class, and its points.
pub(super) type Curve = (&'static str, &'static str, Vec<(f64, f64)>);

impl Report {
    /// Returns the picture `docs/bench-fleet.svg`.
    pub(super) fn plots(&self) -> Result<String, fmt::Error> {
        let points = |cost: fn(&super::Step) -> f64| {
            self.by_kernels.iter().map(|step| (step.kernels as f64, cost(step))).collect()
        };
        let by_kernels: [Curve; 3] = [
            ("all objects", "all", points(|step| step.all_objects.cpu)),
            ("one object", "one", points(|step| step.one_object.cpu)),
            ("xz", "xz", points(|step| step.unpacking.cpu)),
        ];
        let points = self.by_objects.iter().map(|few| (few.objects as f64, few.cost.cpu)).collect();
        let by_objects: [Curve; 1] = [("", "all", points)];
        plots([("Seconds against kernels", &by_kernels), ("Seconds against objects", &by_objects)])
    }
}

/// Returns a picture of two plots, each with a title, side by side.
pub(super) fn plots(both: [(&str, &[Curve]); 2]) -> Result<String, fmt::Error> {
    let (width, height) = (2.0 * (WIDTH + 2.0 * MARGIN), HEIGHT + 2.0 * MARGIN);
    let mut picture = String::new();
    writeln!(
        picture,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<style>\n{STYLE}\n</style>",
    )?;
    for ((title, curves), left) in both.into_iter().zip([0.0, width / 2.0]) {
        plot(&mut picture, left, title, curves)?;
    }
    writeln!(picture, "</svg>")?;
    Ok(picture)
}

/// Draws curves from zero on, with the values of their points at the axes.
fn plot(picture: &mut String, left: f64, title: &str, curves: &[Curve]) -> fmt::Result {
    let all = || curves.iter().flat_map(|(_, _, points)| points);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(f64::MIN_POSITIVE, f64::max);
    let (most_x, most_y) = (most(|point| point.0), most(|point| point.1));
    let (left, bottom) = (left + MARGIN, MARGIN + HEIGHT);
    let at_x = |x: f64| left + x / most_x * WIDTH;
    let at_y = |y: f64| bottom - y / most_y * HEIGHT;

    writeln!(
        picture,
        "<text class=\"title\" x=\"{left}\" y=\"{:.1}\">{title}</text>",
        MARGIN - 24.0
    )?;
    let right = left + WIDTH;
    writeln!(
        picture,
        "<line class=\"grid\" x1=\"{left}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\"/>"
    )?;
    for (x, _) in curves.first().map(|(_, _, points)| points).into_iter().flatten() {
        let (at, below) = (at_x(*x), bottom + 18.0);
        writeln!(picture, "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{x}</text>")?;
    }
    for (name, class, points) in curves {
        let places: Vec<String> = std::iter::once(&(0.0, 0.0))
            .chain(points)
            .map(|(x, y)| format!("{:.1},{:.1}", at_x(*x), at_y(*y)))
            .collect();
        writeln!(picture, "<polyline class=\"{class}\" points=\"{}\"/>", places.join(" "))?;
        if let Some((x, y)) = points.last() {
            let (x, at) = (at_x(*x) + 6.0, at_y(*y) + 4.0);
            writeln!(picture, "<text x=\"{x:.1}\" y=\"{at:.1}\">{name} {y:.1}</text>")?;
        }
    }
    Ok(())
}
