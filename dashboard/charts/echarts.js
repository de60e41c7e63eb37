// The part of Apache ECharts that the dashboard's pages draw with.
import { use } from 'echarts/core';
import { BarChart, HeatmapChart, LineChart, MapChart, PieChart, SankeyChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent,
  BrushComponent,
  DatasetComponent,
  GeoComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { CanvasRenderer } from 'echarts/renderers';

use([
  BarChart, HeatmapChart, LineChart, MapChart, PieChart, SankeyChart, ScatterChart,
  AriaComponent, BrushComponent, DatasetComponent, GeoComponent, GridComponent, LegendComponent, MarkAreaComponent,
  MarkLineComponent, TooltipComponent, VisualMapComponent, CanvasRenderer,
]);

export { init, registerMap } from 'echarts/core';
