//! SQL text as statements: parsing, table references, parameters.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::error::{DataFusionError, Result};
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Value, visit_expressions, visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// The one statement of a text.
pub(crate) fn parse_one(sql: &str) -> Result<Statement> {
    let mut statements = DFParser::parse_sql(sql)?;
    let Some(first) = statements.pop_front().filter(|_| statements.is_empty()) else {
        return datafusion::common::plan_err!("expected one statement");
    };
    refuse_greedy_comparison(&first)?;
    Ok(first)
}

/// The parser lets `is distinct from` take everything behind it, `and` and `or` included, where SQL says that it binds
/// tighter. A number that is silently wrong is worse than a refusal.
fn refuse_greedy_comparison(statement: &Statement) -> Result<()> {
    let statement = match statement {
        Statement::Statement(statement) => statement,
        Statement::Explain(explain) => return refuse_greedy_comparison(&explain.statement),
        _ => return Ok(()),
    };
    let found = visit_expressions(statement.as_ref(), |expression| match expression {
        Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right) if is_logical(right) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    match found {
        ControlFlow::Break(()) => datafusion::common::plan_err!(
            "put `… is distinct from …` into parentheses before `and` or `or`: the engine would compare with all that follows"
        ),
        ControlFlow::Continue(()) => Ok(()),
    }
}

fn is_logical(expression: &Expr) -> bool {
    matches!(expression, Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. })
}

/// Names of the tables that a statement reads, those of its own `with` excepted.
pub(crate) fn references(statement: &Statement) -> Result<BTreeSet<String>> {
    let (tables, _) = resolve_table_references(statement, true)?;
    Ok(tables.into_iter().map(|table| table.to_string()).collect())
}

/// Puts values in the place of `$name`. Each value is SQL text of its full type: a parameter that the engine fills
/// itself has no type while a function's arguments are resolved.
pub(crate) fn bind(statement: &mut Statement, parameters: &[(&str, String)]) -> Result<()> {
    let mut values = Vec::new();
    for (name, sql) in parameters {
        let parser = Parser::new(&GenericDialect {}).try_with_sql(sql);
        let value = parser.and_then(|mut parser| parser.parse_expr());
        values
            .push((format!("${name}"), value.map_err(|error| DataFusionError::SQL(Box::new(error), None))?));
    }
    let Statement::Statement(statement) = statement else { return Ok(()) };
    let replaced: ControlFlow<()> = visit_expressions_mut(statement.as_mut(), |expression| {
        if let Expr::Value(value) = expression
            && let Value::Placeholder(name) = &value.value
            && let Some((_, replacement)) = values.iter().find(|(known, _)| known == name)
        {
            *expression = replacement.clone();
        }
        ControlFlow::Continue(())
    });
    debug_assert!(replaced.is_continue(), "the visitor never breaks");
    Ok(())
}
