//! A body that stays in its function, so that what it calls sees the function's caller,
//! and yet ends where the returned value can be looked at.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_expr_mut};
use syn::{Block, Expr, ExprBreak, ExprReturn, Item, Lifetime, Token, parse_quote};

/// The body as a block: `return` and `?` leave the block and not the function. Those in
/// macros do leave the function, because only the macro knows what they mean.
pub(crate) fn block(body: &TokenStream, private: &TokenStream) -> TokenStream {
    let mut statements = match syn::parse::Parser::parse2(Block::parse_within, body.clone()) {
        Ok(statements) => statements,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!({ #error #body });
        }
    };
    let mut exits = Exits {
        private,
        label: Lifetime::new("'__perfkit_body", Span::mixed_site()),
        found: false,
    };
    for statement in &mut statements {
        exits.visit_stmt_mut(statement);
    }
    let Exits { label, found, .. } = exits;
    let label = found.then(|| quote!(#label:));
    quote!(#label { #(#statements)* })
}

/// Turns what leaves the function into what leaves the block of the label.
struct Exits<'a> {
    private: &'a TokenStream,
    label: Lifetime,
    found: bool,
}

impl Exits<'_> {
    fn leave(&mut self, exit: ExprReturn) -> Expr {
        self.found = true;
        Expr::Break(ExprBreak {
            attrs: exit.attrs,
            break_token: Token![break](exit.return_token.span),
            label: Some(self.label.clone()),
            expr: exit.expr,
        })
    }

    /// What the compiler makes of `?`, with another way out.
    fn question(&mut self, asked: &Expr, mark: Span) -> Expr {
        self.found = true;
        let Self { private, label, .. } = self;
        let branch = quote_spanned!(mark=> __perfkit_branch);
        let [value, residual] = ["value", "residual"]
            .map(|name| syn::Ident::new(&format!("__perfkit_{name}"), Span::mixed_site()));
        parse_quote! {
            (match #private::Questioned::#branch(#asked) {
                ::core::result::Result::Ok(#value) => #value,
                ::core::result::Result::Err(#residual) => {
                    break #label #private::Returned::__perfkit_from(#residual)
                }
            })
        }
    }
}

impl VisitMut for Exits<'_> {
    fn visit_expr_mut(&mut self, node: &mut Expr) {
        // What these leave is not the function.
        if matches!(
            node,
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) | Expr::TryBlock(_)
        ) {
            return;
        }
        visit_expr_mut(self, node);
        let exit = std::mem::replace(node, Expr::PLACEHOLDER);
        *node = match exit {
            Expr::Return(exit) => self.leave(exit),
            Expr::Try(question) => {
                let mark = question.question_token.span();
                self.question(&question.expr, mark)
            }
            other => other,
        };
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_type_mut(&mut self, _: &mut syn::Type) {}
}
