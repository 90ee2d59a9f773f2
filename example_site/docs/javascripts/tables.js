// Material lets wide tables scroll sideways; with this the keyboard gets there, too.
document$.subscribe(() => {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) {
    wrap.tabIndex = 0;
  }
});
