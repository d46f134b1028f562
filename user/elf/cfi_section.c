// SPDX-License-Identifier: Apache-2.0
#include "elf/cfi_section.h"

#include <string.h>

#include "elf/dwarf_defs.h"

#define CIE_MAX		   1024 /* bytes; a real one has 20 to 40 */
#define AUGMENTATION_MAX   16
#define WORK_PER_VIEW	   32
#define WORK_PER_REFILL	   1024
#define LENGTH_OF_64_BIT   0xffffffffU
#define DEBUG_FRAME_CIE_32 0xffffffffU
#define DEBUG_FRAME_CIE_64 UINT64_MAX

/* An entry's first fields. */
struct header {
	uint64_t id_at; /* offset of the field that tells a CIE from an FDE */
	uint64_t body;	/* what follows that */
	uint64_t end;
	uint64_t cie; /* offset of an FDE's CIE */
	bool is_cie;
	bool is_64;
};

void cfi_section_init(struct cfi_section *s, const struct cfi_arch *arch,
		      const struct elf_file *file, uint64_t offset, uint64_t size, uint64_t vaddr,
		      bool is_eh)
{
	s->arch = arch;
	s->vaddr = vaddr;
	s->is_eh = is_eh;
	s->work = 0;
	s->fdes = 0;
	memset(s->cies, 0, sizeof(s->cies));
	window_init(&s->window, file, offset, size);
}

/* Looks at bytes and pays for it. */
static const uint8_t *view(struct cfi_section *s, uint64_t at, uint64_t len)
{
	uint64_t refills = s->window.refills, price;
	const uint8_t *p;

	if (len > WINDOW_MAX)
		return NULL;
	p = window_view(&s->window, at, (size_t)len);
	price = len + WORK_PER_VIEW + (s->window.refills - refills) * WORK_PER_REFILL;
	if (price > s->work) {
		s->work = 0;
		return NULL;
	}
	s->work -= price;
	return p;
}

static bool read_length(struct cfi_section *s, uint64_t offset, struct header *ret)
{
	const uint8_t *p = view(s, offset, 4);
	uint64_t len, at = offset + 4;
	struct reader r;

	if (!p)
		return false;
	reader_init(&r, p, 4);
	len = reader_u32(&r);
	ret->is_64 = len == LENGTH_OF_64_BIT;
	if (ret->is_64) {
		p = view(s, at, 8);
		if (!p)
			return false;
		reader_init(&r, p, 8);
		len = reader_u64(&r);
		at += 8;
	}
	if (len > window_left(&s->window, at))
		return false;
	ret->id_at = at;
	ret->end = at + len;
	return true;
}

/* .eh_frame's are relative to the field itself and of 4 bytes always, .debug_frame's absolute. */
static bool read_id(struct cfi_section *s, struct header *h)
{
	uint64_t size = h->is_64 && !s->is_eh ? 8 : 4, id;
	struct reader r;
	const uint8_t *p;

	if (h->end - h->id_at < size)
		return false;
	p = view(s, h->id_at, size);
	if (!p)
		return false;
	reader_init(&r, p, (size_t)size);
	id = size == 8 ? reader_u64(&r) : reader_u32(&r);
	h->body = h->id_at + size;
	if (s->is_eh) {
		h->is_cie = !id;
		h->cie = h->id_at - id;
		return id <= h->id_at;
	}
	h->is_cie = id == (size == 8 ? DEBUG_FRAME_CIE_64 : DEBUG_FRAME_CIE_32);
	h->cie = id;
	return true;
}

/* "zR", "zPLR", "zRS" and so on; what follows `z` is described in the order of the letters. */
static bool read_augmentation(struct cfi_cie *cie, const char *letters, struct reader *r)
{
	uint64_t len;
	uint8_t encoding;
	struct reader data;
	const uint8_t *p;

	cie->encoding = DW_EH_PE_absptr;
	if (!*letters)
		return true;
	if (*letters++ != 'z')
		return false;
	cie->has_data = true;
	len = reader_varint(r);
	p = reader_bytes(r, (size_t)len);
	if (!p)
		return false;
	reader_init(&data, p, (size_t)len);
	for (; *letters && !data.failed; letters++) {
		switch (*letters) {
		case 'R':
			cie->encoding = reader_u8(&data);
			break;
		case 'P': /* the personality routine: only its size matters, also if indirect */
			encoding = reader_u8(&data);
			if (encoding != DW_EH_PE_omit)
				(void)cfi_address(&data, encoding & DW_EH_PE_format_mask, 0, 0);
			break;
		case 'L':
			(void)reader_u8(&data);
			break;
		case 'S':
			cie->is_signal = true;
			break;
		case 'B': /* arm64: return addresses are signed with the B key; */
		case 'G': /* memory tags. Neither changes where registers are. */
			break;
		default: /* unknown: the length of the data is known all the same */
			return cie->encoding != DW_EH_PE_omit;
		}
	}
	return !data.failed && cie->encoding != DW_EH_PE_omit;
}

static bool read_letters(struct reader *r, char letters[AUGMENTATION_MAX])
{
	for (size_t i = 0; i < AUGMENTATION_MAX; i++) {
		letters[i] = (char)reader_u8(r);
		if (!letters[i])
			return !r->failed;
	}
	return false;
}

static int no_span(void *arg, uint64_t from, uint64_t to, const struct cfi_row *row)
{
	return 0;
}

static bool read_initial(struct cfi_section *s, struct cfi_cie *cie, struct reader *r)
{
	struct cfi_program program = {
		.arch = s->arch,
		.insns = r->p,
		.len = reader_left(r),
		.code_align = cie->code_align,
		.data_align = cie->data_align,
		.end = UINT64_MAX,
		.addr_encoding = cie->encoding,
	};
	uint64_t end = 0;

	return !cfi_run(&program, &cie->initial, UINT64_MAX, no_span, NULL, &end) &&
	       end == program.end;
}

static bool read_cie(struct cfi_section *s, const struct header *h, struct cfi_cie *cie)
{
	uint64_t len = h->end - h->body;
	char letters[AUGMENTATION_MAX];
	struct reader r;
	const uint8_t *p = len <= CIE_MAX ? view(s, h->body, len) : NULL;
	uint8_t version;
	uint64_t ra;

	if (!p)
		return false;
	reader_init(&r, p, (size_t)len);
	version = reader_u8(&r);
	if ((version != 1 && version != 3 && version != 4) || !read_letters(&r, letters))
		return false;
	/* address_size, segment_selector_size */
	if (version == 4 && (reader_u8(&r) != 8 || reader_u8(&r) != 0))
		return false;
	cie->code_align = reader_varint(&r);
	cie->data_align = cfi_sleb(&r);
	ra = version == 1 ? reader_u8(&r) : reader_varint(&r);
	if (r.failed || ra != s->arch->regs[CFI_REG_RA])
		return false;
	return read_augmentation(cie, letters, &r) && read_initial(s, cie, &r);
}

static const struct cfi_cie *find_cie(struct cfi_section *s, uint64_t offset)
{
	struct cfi_cie *cie = &s->cies[offset * UINT64_C(0x9e3779b97f4a7c15) >> 59];
	struct header h;

	if (cie->is_known && cie->offset == offset)
		return cie;
	memset(cie, 0, sizeof(*cie));
	cie->offset = offset;
	cie->is_known = true;
	cie->is_good = read_length(s, offset, &h) && h.end != h.id_at && read_id(s, &h) &&
		       h.is_cie && read_cie(s, &h, cie);
	return cie;
}

static bool read_fde(struct cfi_section *s, const struct header *h, const struct cfi_cie *cie,
		     struct cfi_fde *ret)
{
	uint64_t len = h->end - h->body, size;
	const uint8_t *p = view(s, h->body, len);
	uint64_t vaddr = s->vaddr + h->body;
	struct reader r;

	if (!p)
		return false;
	reader_init(&r, p, (size_t)len);
	ret->begin = cfi_address(&r, cie->encoding, vaddr, 0);
	size = cfi_address(&r, cie->encoding & DW_EH_PE_format_mask, 0, 0);
	if (cie->has_data)
		(void)reader_bytes(&r, (size_t)reader_varint(&r));
	if (r.failed || !size || __builtin_add_overflow(ret->begin, size, &ret->end))
		return false;
	ret->cie = cie;
	ret->program = (struct cfi_program){
		.arch = s->arch,
		.initial = &cie->initial,
		.insns = r.p,
		.len = reader_left(&r),
		.code_align = cie->code_align,
		.data_align = cie->data_align,
		.begin = ret->begin,
		.end = ret->end,
		.insns_vaddr = vaddr + (uint64_t)(r.p - p),
		.addr_encoding = cie->encoding,
	};
	s->fdes++;
	return true;
}

enum cfi_entry cfi_section_entry(struct cfi_section *s, uint64_t offset, struct cfi_fde *ret_fde,
				 uint64_t *ret_next)
{
	const struct cfi_cie *cie;
	struct header h;

	*ret_next = 0;
	if (!read_length(s, offset, &h))
		return CFI_ENTRY_BAD;
	*ret_next = h.end;
	if (h.end == h.id_at)
		return CFI_ENTRY_END;
	if (!read_id(s, &h))
		return CFI_ENTRY_BAD;
	if (h.is_cie)
		return CFI_ENTRY_CIE;
	cie = find_cie(s, h.cie);
	return cie->is_good && read_fde(s, &h, cie, ret_fde) ? CFI_ENTRY_FDE : CFI_ENTRY_BAD;
}
