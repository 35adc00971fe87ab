//! Where charts are drawn: a backend for plotters that keeps the shapes, with what
//! each is for in the place of its colour. The one module that knows how plotters
//! draws.

use std::convert::Infallible;

use plotters::style::RGBColor;
use plotters_backend::text_anchor::VPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontStyle,
};

use super::shape::{Form, Paint, STEPS, Shape, Words, units};

impl Paint {
    /// Itself in the place of a colour.
    pub(super) fn color(self) -> RGBColor {
        RGBColor(self.class, self.form, 0)
    }

    fn of(color: BackendColor) -> Self {
        let (class, form, _) = color.rgb;
        Self { class, form }
    }
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

/// The shapes of a picture, as they are drawn.
pub(super) struct Canvas<'a> {
    size: (u32, u32),
    shapes: &'a mut Vec<Shape>,
}

impl<'a> Canvas<'a> {
    /// A canvas of so many units that appends to what was drawn before.
    pub(super) fn new((width, height): (u32, u32), shapes: &'a mut Vec<Shape>) -> Self {
        Self {
            size: (width * STEPS as u32, height * STEPS as u32),
            shapes,
        }
    }

    fn add(&mut self, color: BackendColor, form: Form) {
        self.shapes.push(Shape {
            paint: Paint::of(color),
            opacity: color.alpha,
            form,
        });
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, place: BackendCoord, color: BackendColor) -> Done {
        self.draw_circle(place, STEPS as u32 / 2, &color, true)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        let (points, width) = (path.into_iter().collect(), style.stroke_width());
        self.add(style.color(), Form::Line { points, width });
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        place: BackendCoord,
        radius: u32,
        style: &S,
        _is_filled: bool,
    ) -> Done {
        let color = style.color();
        let paint = Paint::of(color);
        if let Some(Shape {
            paint: last,
            opacity,
            form: Form::Dots { places, radius: r },
        }) = self.shapes.last_mut()
            && (*last, *opacity, *r) == (paint, color.alpha, radius)
        {
            places.push(place);
        } else {
            let places = vec![place];
            self.add(color, Form::Dots { places, radius });
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Done {
        let corners = corners.into_iter().collect();
        self.add(style.color(), Form::Area { corners });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Done {
        let size = style.size() / f64::from(STEPS);
        // Not every program that shows SVG knows other baselines.
        let drop = match style.anchor().v_pos {
            VPos::Top => 0.8,
            VPos::Center => 0.35,
            VPos::Bottom => -0.2,
        };
        let baseline = ((units(y) + drop * size) * 10.0).round() / 10.0;
        let words = Words {
            text: text.to_owned(),
            place: (units(x), baseline),
            size,
            side: style.anchor().h_pos,
            is_bold: matches!(style.style(), FontStyle::Bold),
        };
        self.add(style.color(), Form::Text(words));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::SERIES;
    use super::super::svg;
    use super::*;
    use plotters::prelude::{Circle, IntoDrawingArea, PathElement, Text};

    #[test]
    fn shapes_have_classes_and_no_colours() {
        let mut shapes = Vec::new();
        let area = Canvas::new((100, 50), &mut shapes).into_drawing_area();
        let color = Paint::series(1).color();
        let line = PathElement::new([(0, 0), (105, 20)], color);
        area.draw(&line).unwrap();
        for place in [(10, 10), (20, 25)] {
            area.draw(&Circle::new(place, 15, color)).unwrap();
        }
        let style = plotters::style::TextStyle::from(("sans-serif", 120)).color(&color);
        area.draw(&Text::new("a<b\u{1}", (50, 50), style)).unwrap();
        area.present().unwrap();
        drop(area);
        let expected = "\
<path class=\"s1 l\" stroke-width=\"0.1\" d=\"M0 0L10.5 2\"/>
<path class=\"s1 l dot\" stroke-width=\"3\" d=\"M1 1h0M2 2.5h0\"/>
<text class=\"s1 f\" x=\"5\" y=\"14.6\" font-size=\"12\">a&lt;b\u{FFFD}</text>
";
        assert_eq!(svg::elements(&shapes), expected);
    }

    #[test]
    fn series_are_told_apart_without_colours() {
        let looks: Vec<String> = (0..SERIES)
            .map(|series| {
                let mut shapes = Vec::new();
                let area = Canvas::new((100, 50), &mut shapes).into_drawing_area();
                let color = Paint::marked(series).color();
                area.draw(&PathElement::new([(0, 0), (105, 20)], color))
                    .unwrap();
                area.draw(&Circle::new((20, 20), 10, color)).unwrap();
                area.present().unwrap();
                drop(area);
                svg::elements(&shapes).replace(&format!("s{series} "), "")
            })
            .collect();
        assert!(
            looks[1].contains("stroke-dasharray=\"9 4\""),
            "{}",
            looks[1]
        );
        assert!(
            looks[1].contains("d=\"M1 1l2 0 0 2 -2 0z\""),
            "{}",
            looks[1]
        );
        // Neither two lines nor two dots look alike.
        for part in 0..2 {
            let parts = looks.iter().map(|look| look.lines().nth(part).unwrap());
            let distinct: std::collections::HashSet<&str> = parts.collect();
            assert_eq!(distinct.len(), SERIES, "{looks:#?}");
        }
    }
}
