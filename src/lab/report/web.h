/* web.h - the files of web/, embedded by cmake/web.cmake. */
#ifndef RIGOR_LAB_REPORT_WEB_H
#define RIGOR_LAB_REPORT_WEB_H

#define RG_WEB(name) extern const char rg_web_##name[], rg_web_##name##_end[]
RG_WEB(page); /* the template of the page: slots are written {{name}} */
RG_WEB(style);
RG_WEB(script);
RG_WEB(library); /* Vega, Vega-Lite and vega-embed with their licences */
RG_WEB(chart_points);
RG_WEB(chart_forest);
RG_WEB(chart_curves);
RG_WEB(chart_search);
RG_WEB(chart_critical);
RG_WEB(chart_tasks);
RG_WEB(chart_profile);
RG_WEB(chart_power);
#undef RG_WEB

#endif
