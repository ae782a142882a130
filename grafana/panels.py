"""The few kinds of panels that Pedro's dashboards are made of: readable at a glance, also on a stream."""

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as shape
from grafana_foundation_sdk.models import dashboard as model

# Chosen in the dashboard, so that an import by hand finds its Prometheus.
DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24


def levels(*steps):
    """Colours by value: a first colour, then pairs of a bound and the colour from there on."""
    first, *rest = steps
    thresholds = [model.Threshold(value=None, color=first)]
    thresholds += [model.Threshold(value=float(bound), color=color) for bound, color in rest]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(thresholds)


PLAIN = levels("blue")


def rising(warn, bad):
    """Good while it is small."""
    return levels("green", (warn, "orange"), (bad, "red"))


def falling(bad, warn):
    """Good while it is large."""
    return levels("red", (bad, "orange"), (warn, "green"))


def words(by_value):
    """Words instead of numbers: words({0: "away", 1: "here"})."""
    options = {str(value): model.ValueMappingResult(text=text) for value, text in by_value.items()}
    return [model.ValueMap(options=options)]


def query(expr, legend="", ref="A"):
    return prometheus.Dataquery().ref_id(ref).expr(expr).legend_format(legend or "__auto").range()


def big(title, expr, unit, description, colours=PLAIN, *, width=4, decimals=None, mappings=None, legend=""):
    """One large number with its recent course behind it."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(query(expr, legend))
        .unit(unit)
        .thresholds(colours)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(shape.BigValueGraphMode.AREA)
        .color_mode(shape.BigValueColorMode.BACKGROUND)
        .no_value("none yet")
        .height(5)
        .span(width)
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    if mappings:
        panel = panel.mappings(mappings).graph_mode(shape.BigValueGraphMode.NONE)
    if legend:
        panel = panel.text_mode(shape.BigValueTextMode.VALUE_AND_NAME)
    return panel


def lines(title, unit, description, *queries, width=12, stacked=False, bound=None):
    """Courses over time; each query is an expression with its legend. `bound` draws a line that should not be crossed."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .line_width(2)
        .fill_opacity(15)
        .span_nulls(True)
        .show_points(shape.VisibilityMode.AUTO)
        .legend(
            common.VizLegendOptions()
            .display_mode(shape.LegendDisplayMode.LIST)
            .placement(shape.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(shape.TooltipDisplayMode.MULTI).sort(shape.SortOrder.DESCENDING))
        .height(9)
        .span(width)
    )
    for ref, (expr, legend) in zip("ABCDEFGH", queries, strict=False):
        panel = panel.with_target(query(expr, legend, ref))
    if stacked:
        panel = panel.draw_style(shape.GraphDrawStyle.BARS).fill_opacity(70)
        panel = panel.stacking(common.StackingConfig().mode(shape.StackingMode.NORMAL))
    if bound is not None:
        panel = panel.thresholds(levels("green", (bound, "red")))
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(shape.GraphTresholdsStyleMode.DASHED))
    return panel


def board(uid, title, description, panels):
    """A dashboard of its own, with links to the others."""
    made = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["pedro"])
        .annotations([])
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .link(
            dashboard.DashboardLink("Pedro")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["pedro"])
            .as_dropdown(False)
            .keep_time(True)
        )
    )
    for number, panel in enumerate(panels, 1):
        panel.id(number)
        made = made.with_row(panel) if isinstance(panel, dashboard.Row) else made.with_panel(panel)
    return made.build()
