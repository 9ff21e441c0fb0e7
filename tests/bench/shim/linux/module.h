/* SPDX-License-Identifier: GPL-2.0-only */
/* See kernel.h. */
#ifndef SHIM_MODULE_H
#define SHIM_MODULE_H

#define EXPORT_SYMBOL_GPL(symbol)
#define MODULE_LICENSE(text)
#define MODULE_DESCRIPTION(text)

#endif /* SHIM_MODULE_H */
