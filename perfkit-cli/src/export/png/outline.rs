//! The outlines of lines and dots.

use std::f64::consts::TAU;

use super::bitmap::Polygon;

type Place = (f64, f64);

/// A circle, as a polygon that nobody tells from one.
pub(super) fn circle((x, y): Place, radius: f64) -> Polygon {
    let corners = (radius * 4.0).ceil().clamp(12.0, 64.0);
    let corner = |index: u32| {
        let (up, right) = (TAU * f64::from(index) / corners).sin_cos();
        (x + radius * right, y + radius * up)
    };
    (0..corners as u32).map(corner).collect()
}

/// A line of a width with round joins, in dashes of the given lengths and gaps, by
/// turns. Its parts overlap, and all go round in one direction.
pub(super) fn stroke(points: &[Place], width: f64, dashes: &[f64]) -> Vec<Polygon> {
    if dashes.is_empty() {
        return solid(points, width);
    }
    let parts = cut(points, dashes);
    parts.iter().flat_map(|part| solid(part, width)).collect()
}

fn solid(points: &[Place], width: f64) -> Vec<Polygon> {
    let mut points = points.to_vec();
    points.dedup();
    let directions: Vec<_> = points.windows(2).map(direction).collect();
    // Where the line turns, and how far its side is from there.
    let turns = directions.windows(2).map(|pair| turn(pair[0], pair[1]));
    let turns: Vec<Option<Place>> = turns.collect();
    let mut polygons = Vec::new();
    for (index, ends) in points.windows(2).enumerate() {
        let (x, y) = directions[index];
        let before = index.checked_sub(1).and_then(|before| turns[before]);
        let after = turns.get(index).copied().flatten();
        let side = |turn: Option<Place>| turn.unwrap_or((y, -x));
        polygons.push(bar(
            [ends[0], ends[1]],
            [side(before), side(after)],
            width / 2.0,
        ));
        if index + 1 < directions.len() && after.is_none() {
            polygons.push(circle(ends[1], width / 2.0));
        }
    }
    polygons
}

fn direction(ends: &[Place]) -> Place {
    let (run, rise) = (ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
    let length = run.hypot(rise);
    (run / length, rise / length)
}

/// Where the sides of two parts of a line meet, as far from their corner as the line is
/// wide; nothing where they meet at such an angle that the corner is to be round. Parts
/// that meet do not overlap, and so a curve is no darker at its edges than a line.
fn turn(before: Place, after: Place) -> Option<Place> {
    let cosine = before.0 * after.0 + before.1 * after.1;
    let part = 1.0 / (1.0 + cosine);
    (cosine > 0.8).then(|| ((before.1 + after.1) * part, -(before.0 + after.0) * part))
}

/// A straight part of a line, whose sides are given for both of its ends.
fn bar([from, to]: [Place; 2], [first, last]: [Place; 2], half: f64) -> Polygon {
    let beside = |(x, y): Place, side: Place, half: f64| (x + half * side.0, y + half * side.1);
    vec![
        beside(from, first, half),
        beside(to, last, half),
        beside(to, last, -half),
        beside(from, first, -half),
    ]
}

/// The dashes of a line.
fn cut(points: &[Place], dashes: &[f64]) -> Vec<Vec<Place>> {
    let mut lengths = dashes.iter().copied().cycle();
    let mut left = lengths.next().unwrap_or(f64::INFINITY);
    let mut is_dash = true;
    let mut parts = vec![Vec::from_iter(points.first().copied())];
    for ends in points.windows(2) {
        let (mut from, to) = (ends[0], ends[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                break;
            }
            let part = left / length;
            from = (
                from.0 + (to.0 - from.0) * part,
                from.1 + (to.1 - from.1) * part,
            );
            extend(&mut parts, from, is_dash);
            is_dash = !is_dash;
            parts.push(vec![from]);
            left = lengths.next().unwrap_or(f64::INFINITY);
        }
        extend(&mut parts, to, is_dash);
    }
    parts
}

/// Goes on with the last dash; a gap only moves.
fn extend(parts: &mut [Vec<Place>], to: Place, is_dash: bool) {
    if let Some(part) = parts.last_mut().filter(|_| is_dash) {
        part.push(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice the area, with a sign for the direction.
    fn area(polygon: &Polygon) -> f64 {
        let next = polygon.iter().cycle().skip(1);
        let pairs = polygon.iter().zip(next);
        pairs.map(|((a, b), (c, d))| a * d - c * b).sum()
    }

    #[test]
    fn all_parts_of_a_line_go_round_in_one_direction() {
        let zigzag = [
            (0.0, 0.0),
            (5.0, 9.0),
            (-3.0, 2.0),
            (4.0, -7.0),
            (5.0, -9.0),
        ];
        let parts = stroke(&zigzag, 2.0, &[]);
        // The last two are one line that only bends.
        assert_eq!(parts.len(), 4 + 2);
        assert!(parts.iter().all(|part| area(part) > 0.0));
    }

    #[test]
    fn dashes_go_on_around_corners() {
        let corner = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let parts = cut(&corner, &[8.0, 1.0, 4.0, 1.0]);
        let dashes: Vec<_> = parts.iter().filter(|part| part.len() > 1).collect();
        assert_eq!(*dashes[0], [(0.0, 0.0), (8.0, 0.0)]);
        assert_eq!(*dashes[1], [(9.0, 0.0), (10.0, 0.0), (10.0, 3.0)]);
        assert_eq!(*dashes[2], [(10.0, 4.0), (10.0, 10.0)]);
    }

    #[test]
    fn lines_of_no_length_are_nothing() {
        assert!(stroke(&[(1.0, 1.0), (1.0, 1.0)], 2.0, &[]).is_empty());
        assert!(stroke(&[], 2.0, &[1.0]).is_empty());
    }
}
