//! Lineage: what a model is made of and who uses it, as text and as a picture.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use deskmeter_warehouse::{Catalogue, Layer, Model};

use super::markdown::escaped;

/// Steps below a model that the text shows.
const DEPTH_MAX: usize = 2;
const BOX_HEIGHT: usize = 22;
const ROW_HEIGHT: usize = 30;
const LETTER_WIDTH: usize = 7;
const GAP: usize = 44;

/// `made from` with two steps below, `used by` with one above.
pub(super) fn tree(catalogue: &Catalogue, model: &Model) -> Vec<String> {
    let mut lines = vec!["made from".to_owned()];
    branch(catalogue, model, "", DEPTH_MAX, &mut lines);
    if model.upstream.is_empty() {
        lines.push("└─ nothing".to_owned());
    }
    lines.push("used by".to_owned());
    for (index, name) in model.downstream.iter().enumerate() {
        let is_last = index + 1 == model.downstream.len();
        lines.push(format!("{} {name}", if is_last { "└─" } else { "├─" }));
    }
    if model.downstream.is_empty() {
        lines.push("└─ queries and dashboards alone".to_owned());
    }
    lines
}

fn branch(catalogue: &Catalogue, model: &Model, indent: &str, depth: usize, lines: &mut Vec<String>) {
    for (index, name) in model.upstream.iter().enumerate() {
        let is_last = index + 1 == model.upstream.len();
        let (knee, below) = if is_last { ("└─", "   ") } else { ("├─", "│  ") };
        lines.push(format!("{indent}{knee} {name}"));
        if let Some(upstream) = catalogue.get(name).filter(|_| depth > 1) {
            branch(catalogue, upstream, &format!("{indent}{below}"), depth - 1, lines);
        }
    }
}

/// A node of the picture.
struct Node<'a> {
    name: &'a str,
    column: usize,
    x: usize,
    y: usize,
    width: usize,
}

/// The model with everything that it rests on to its left and its readers to its right, as SVG.
pub(super) fn svg(catalogue: &Catalogue, model: &Model) -> String {
    let mut nodes = placed(catalogue, model);
    let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
    for node in &nodes {
        let width = widths.entry(node.column).or_default();
        *width = (*width).max(node.width);
    }
    for node in &mut nodes {
        let before = widths.iter().filter(|(column, _)| **column < node.column);
        node.x = before.map(|(_, width)| width + GAP).sum();
    }
    let width: usize = widths.values().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP) + 2;
    let height = nodes.iter().map(|node| node.y + ROW_HEIGHT).max().unwrap_or(ROW_HEIGHT);
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"Lineage of {name}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n",
        name = escaped(&model.name)
    );
    for node in &nodes {
        let reads = catalogue.get(node.name).map(|model| model.upstream.as_slice()).unwrap_or_default();
        for other in nodes
            .iter()
            .filter(|other| other.column < node.column && reads.iter().any(|name| name == other.name))
        {
            edge(&mut svg, other, node);
        }
    }
    for node in &nodes {
        draw(&mut svg, catalogue, node, node.name == model.name);
    }
    svg.push_str("</svg>");
    svg
}

/// Nodes in columns: tables left, the model, its readers right.
fn placed<'a>(catalogue: &'a Catalogue, model: &'a Model) -> Vec<Node<'a>> {
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    let upstream = catalogue.upstream_of(model);
    for name in upstream.iter().filter(|name| catalogue.get(name).is_none()) {
        depths.insert(name, 0);
    }
    for one in
        catalogue.models().iter().filter(|one| upstream.contains(one.name.as_str()) || one.name == model.name)
    {
        let below = one.upstream.iter().filter_map(|name| depths.get(name.as_str())).max();
        depths.insert(&one.name, below.map_or(0, |depth| depth + 1));
    }
    let own = depths.get(model.name.as_str()).copied().unwrap_or_default();
    depths.extend(model.downstream.iter().map(|name| (name.as_str(), own + 1)));
    let mut filled: BTreeMap<usize, usize> = BTreeMap::new();
    depths
        .into_iter()
        .map(|(name, column)| {
            let row = filled.entry(column).or_default();
            let y = *row * ROW_HEIGHT + 4;
            *row += 1;
            Node { name, column, x: 0, y, width: name.len() * LETTER_WIDTH + 14 }
        })
        .collect()
}

fn edge(svg: &mut String, from: &Node<'_>, to: &Node<'_>) {
    let (x1, y1) = (from.x + from.width, from.y + BOX_HEIGHT / 2);
    let (x2, y2) = (to.x, to.y + BOX_HEIGHT / 2);
    let middle = usize::midpoint(x1, x2);
    let _ = writeln!(svg, "<path d=\"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}\"/>");
}

fn draw(svg: &mut String, catalogue: &Catalogue, node: &Node<'_>, is_own: bool) {
    let layer = catalogue.get(node.name).map(|model| model.layer);
    let class = match layer {
        _ if is_own => "own",
        Some(Layer::Mart) => "mart",
        Some(Layer::Intermediate) => "int",
        Some(Layer::Staging) => "stg",
        None => "table",
    };
    let (x, y, width, name) = (node.x, node.y, node.width, escaped(node.name));
    let label = format!(
        "<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{BOX_HEIGHT}\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{name}</text>",
        x + 1,
        width - 1,
        x + 8,
        y + 15
    );
    let _ = match layer {
        Some(_) => writeln!(svg, "<a class=\"{class}\" href=\"#{name}\">{label}</a>"),
        None => writeln!(svg, "<g class=\"{class}\">{label}</g>"),
    };
}
