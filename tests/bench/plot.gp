# SPDX-License-Identifier: GPL-2.0-only
#
# Variables: data, out (without extension), peers. A bar for each contender in
# each race, as a share of the best other one: short is good.
set datafile missing '?'
set style data histograms
set style histogram clustered gap 2
set style fill solid 0.85 border rgb 'white'
set boxwidth 0.95
set yrange [0:*]
set ylabel 'time or memory, best other contender = 1'
set xtics rotate by -35 nomirror
set ytics nomirror
set border 3
set rmargin 18
set grid ytics lc rgb '#dddddd'
set key top left horizontal
set arrow from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#444444' dt 2 front
array colour[5] = ['#999999', '#8fb8de', '#3b78b5', '#e3a857', '#c0392b']
plot_all = 'plot for [i=1:words(peers)] data using (column(i+1)):xtic(1) title word(peers, i) lc rgb colour[i]'
set terminal svg size 1100,520 font 'sans,12' background rgb 'white'
set output out.'.svg'
eval plot_all
set terminal pngcairo size 1100,520 font 'sans,10'
set output out.'.png'
eval plot_all
